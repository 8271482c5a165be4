import Quantization
import StrictJSON

extension Int8Scheme {
  /// What shares a scale, and how the scale was chosen.
  var json: JSONValue {
    let group: JSONValue =
      switch granularity {
      case .channel: "channel"
      case .group(let size): .integer(Int64(size.rawValue))
      }
    return ["per": group, "scale": .string(scale.rawValue)]
  }

  /// Reads what ``json`` writes; nil for anything else.
  init?(_ json: JSONValue) {
    guard let object = json.object, let per = object["per"],
      let scale = object["scale"]?.string.flatMap(Scale.init)
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

extension Int8Quantizer {
  /// Elements of the longest row that is quantized, or read back: rows are worked on whole.
  static let columnLimit = 1 << 22
}
