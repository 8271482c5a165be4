import DVLAJSON
import DVLAQuantization

extension Int8Scheme {
  /// What shares a scale, and how the scale was chosen.
  var json: JSONValue { ["per": granularity.json, "scale": .string(scale.rawValue)] }

  /// The scheme of values and scales that the source has.
  static func given(_ granularity: Granularity) -> JSONValue {
    ["per": granularity.json, "scale": .string(givenScale)]
  }

  /// Whether a bundle says of a tensor that it came quantized.
  static func isGiven(_ record: JSONValue?) -> Bool {
    record?.object?["scheme"]?.object?["scale"]?.string == givenScale
  }

  private static let givenScale = "given"

  /// Reads what ``json`` and ``given(_:)`` write; nil for anything else. How a given scale was
  /// chosen is not known, and need not be to read it.
  init?(_ json: JSONValue) {
    guard let object = json.object, let per = object["per"], let word = object["scale"]?.string,
      let scale = word == Self.givenScale ? .absoluteMaximum : Scale(rawValue: word)
    else { return nil }
    if per == "channel" {
      self.init(.channel, scale: scale)
    } else if let size = per.integer.flatMap(GroupSize.init) {
      self.init(.group(size), scale: scale)
    } else {
      return nil
    }
  }
}

extension Int8Scheme.Granularity {
  fileprivate var json: JSONValue {
    switch self {
    case .channel: "channel"
    case .group(let size): .integer(Int64(size.rawValue))
    }
  }
}

extension Int8Quantizer {
  /// Elements of the longest row that is quantized, or read back: rows are worked on whole.
  static let columnLimit = 1 << 22
}
