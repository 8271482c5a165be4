public import DVLADiagnostics
import DVLAJSON
import DVLAKernels
import DVLAQuantization
import DVLATensors

/// What was seen of one stored tensor, all its blocks together.
struct TensorSummary {
  private(set) var errors = ErrorSums()
  private(set) var scales: [UInt8] = []
  private(set) var nanCount = 0
  private(set) var infinityCount = 0
  private(set) var overflowCount = 0
  private(set) var firstNonFinite: Int?

  mutating func add(_ block: EncodedBlock) {
    errors.add(block.errors)
    scales += block.scales
    nanCount += block.nanCount
    infinityCount += block.infinityCount
    overflowCount += block.overflowCount
    firstNonFinite = firstNonFinite ?? block.firstNonFinite
  }

  /// - Throws: `convert.non-finite`, `convert.overflow`.
  func requireFinite(_ tensor: StoredTensor) throws(WeightsError) {
    if let firstNonFinite {
      throw WeightsError(
        .convertNonFinite, tensor: tensor.info.name.string,
        "has \(nanCount) NaN and \(infinityCount) infinite values, the first at element "
          + "\(firstNonFinite)", remedies: [.allowNonFinite])
    }
    if overflowCount > 0 {
      throw WeightsError(
        .convertOverflow, tensor: tensor.info.name.string,
        "\(overflowCount) finite values become infinite in \(tensor.info.dtype.rawValue)",
        remedies: [.allowNonFinite])
    }
  }

  /// What the bundle records of a tensor that lost something, or that holds what is not finite.
  func json(_ tensor: StoredTensor) -> JSONValue? {
    var members: [(String, JSONValue)] = []
    if !tensor.isLossless {
      members.append(("from", .string(tensor.sourceDType.rawValue)))
      if case .int8(let quantizer) = tensor.content {
        members.append(("scheme", quantizer.scheme.json))
      }
      members.append(("error", QuantizationError(errors).json))
    }
    members += Self.given(tensor)
    if nanCount + infinityCount > 0 {
      members.append(("nan", .integer(Int64(nanCount))))
      members.append(("infinite", .integer(Int64(infinityCount))))
    }
    if overflowCount > 0 { members.append(("overflowed", .integer(Int64(overflowCount)))) }
    return members.isEmpty ? nil : .object(JSONObject(members))
  }

  /// What the bundle records of a tensor that came as INT8.
  private static func given(_ tensor: StoredTensor) -> [(String, JSONValue)] {
    guard case .givenInt8(let granularity, let scales) = tensor.content else { return [] }
    return [("from", .string(scales.rawValue)), ("scheme", Int8Scheme.given(granularity))]
  }

  /// Four numbers as long as a double can be written.
  private static let widestError: JSONValue = {
    let number = JSONValue.number(-1.234_567_890_123_456_7e-300)
    return ["max_abs": number, "rms": number, "sqnr_db": number, "cosine": number]
  }()

  /// The longest that ``json(_:)`` can be for the tensor, for which the header leaves room.
  static func widestJSON(_ tensor: StoredTensor) -> JSONValue? {
    if case .scales = tensor.content { return nil }
    var members: [(String, JSONValue)] = []
    if !tensor.isLossless {
      members.append(("from", .string(tensor.sourceDType.rawValue)))
      if case .int8(let quantizer) = tensor.content {
        members.append(("scheme", quantizer.scheme.json))
      }
      members.append(("error", widestError))
    }
    members += given(tensor)
    for key in ["nan", "infinite", "overflowed"] {
      members.append((key, .integer(Int64(tensor.info.shape.elementCount))))
    }
    return .object(JSONObject(members))
  }
}

extension Int8Scheme {
  /// What shares a scale, and how the scale was chosen.
  var json: JSONValue {
    .object(
      JSONObject(
        [("per", granularity.json), ("scale", .string(scale.rawValue))] + roundingMembers))
  }

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

extension WeightsError.Code {
  /// A source tensor holds NaN or infinity.
  public static let convertNonFinite = Self("convert.non-finite")
  /// Finite values do not fit the type they are stored in.
  public static let convertOverflow = Self("convert.overflow")
}
