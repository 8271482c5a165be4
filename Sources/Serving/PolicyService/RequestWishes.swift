import DVLADiagnostics
import DVLANumPyMessages
import DVLAPipelines
import DVLATensors

/// The noise of a request, and the seed it was drawn from.
struct RequestNoise {
  /// [H, actionDim].
  let values: Tensor
  /// Nil where the client gave the noise itself.
  let seed: UInt64?

  init(_ values: Tensor) { (self.values, seed) = (values, nil) }

  init(seed: UInt64, for policy: RobotPolicy) {
    values = policy.noise(seed: seed)
    self.seed = seed
  }
}

/// What a client asks for beside the actions, under a key of its own in the observation. openpi's
/// clients do without it.
struct RequestWishes {
  static let key = "depthvla"

  var depth = false
  var seed: UInt64?
  var noise: RequestNoise?
  /// Whether there was such a key: then the answer says with what it was computed.
  private(set) var isGiven = false

  /// - Parameter noiseShape: [H, actionDim] of the policy.
  /// - Throws: `serve.wish` for another form, an unknown key, or a value that does not fit.
  init(_ value: NumPyValue?, noiseShape: Shape) throws(WeightsError) {
    guard let value else { return }
    isGiven = true
    guard case .map(let map) = value else {
      throw Self.failure("a map", value.words, at: nil)
    }
    for entry in map.entries {
      let value = entry.value.withoutNumPyScalar
      switch (entry.key, value) {
      case ("depth", .bool(let wanted)): depth = wanted
      case ("seed", .integer(let number)) where number >= 0: seed = UInt64(number)
      case ("seed", .unsigned(let number)): seed = number
      case ("noise", .array(let array)):
        noise = RequestNoise(try Self.noise(array, shape: noiseShape))
      case ("depth", _): throw Self.failure("true or false", value.words, at: "depth")
      case ("seed", _): throw Self.failure("a whole number from 0 on", value.words, at: "seed")
      case ("noise", _): throw Self.failure("an array of numbers", value.words, at: "noise")
      default:
        throw Self.failure(
          "the keys depth, seed and noise", "the key \(entry.key.quoted)", at: nil)
      }
    }
    guard seed == nil || noise == nil else {
      throw Self.failure("a seed or noise", "both", at: nil)
    }
  }

  private static func noise(_ array: NumPyArray, shape: Shape) throws(WeightsError) -> Tensor {
    guard array.shape == shape.dimensions else {
      throw failure("noise of shape \(shape)", "\(array.shape)", at: "noise")
    }
    let values = try array.doubles().map(Float.init)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw failure("finite noise", "\(values[index]) at \(index)", at: "noise")
    }
    return Tensor(values, shape: shape)
  }

  private static func failure(_ expected: String, _ found: String, at key: String?) -> WeightsError
  {
    let place = key.map { "\(Self.key)/\($0)" } ?? Self.key
    return WeightsError(
      .serveWish, "\(place.quoted): expected \(expected), found \(found)")
  }
}

extension NumPyValue {
  /// A whole number or a truth value of NumPy as the plain one.
  fileprivate var withoutNumPyScalar: NumPyValue {
    guard case .array(let array) = self, array.shape.isEmpty else { return self }
    switch array.dtype.kind {
    case .bool: return .bool(array.bytes != [0])
    case .signed, .unsigned:
      // Largest first: a double does not hold every seed.
      let bytes = array.dtype.isBigEndian ? array.bytes : array.bytes.reversed()
      let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if array.dtype.kind == .unsigned { return .unsigned(bits) }
      let shift = 64 - 8 * array.bytes.count
      return .integer(Int64(bitPattern: bits << shift) >> shift)
    case .float, .text: return self
    }
  }

  fileprivate var words: String {
    switch self {
    case .null: "nothing"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text: "text"
    case .bytes: "bytes"
    case .list: "a list"
    case .map: "a map"
    case .array(let array): "an array \(array.dtype.description) \(array.shape)"
    }
  }
}

extension WeightsError.Code {
  /// What a client asks for beside the actions cannot be done.
  static let serveWish = Self("serve.wish")
}
