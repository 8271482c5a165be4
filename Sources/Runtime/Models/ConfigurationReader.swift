public import DVLADiagnostics
public import DVLAJSON
import DVLAKernels

/// Reads one scope of a bundle's configuration. There are no defaults: the bundle holds every value
/// that a model needs.
public struct ConfigurationReader: Sendable {
  private let object: JSONObjectReader

  /// - Throws: `model.configuration` when the value is not an object.
  public init(_ configuration: JSONValue) throws(WeightsError) {
    do throws(WeightsError) {
      object = try JSONReader(configuration, path: "configuration").object()
    } catch { throw Self.worded(error) }
  }

  private init(_ object: JSONObjectReader) { self.object = object }

  /// - Throws: `model.configuration`.
  public func scope(_ key: String) throws(WeightsError) -> ConfigurationReader {
    try read { () throws(WeightsError) in ConfigurationReader(try object.required(key).object()) }
  }

  /// A whole number, at least `minimum` and at most `maximum`.
  ///
  /// - Throws: `model.configuration`.
  public func integer(
    _ key: String, atLeast minimum: Int = 1, atMost maximum: Int? = nil
  ) throws(WeightsError) -> Int {
    try read { () throws(WeightsError) in
      try object.required(key).integer(in: minimum...(maximum ?? Self.largestInteger))
    }
  }

  /// - Throws: `model.configuration`.
  public func integers(_ key: String, atLeast minimum: Int = 1) throws(WeightsError) -> [Int] {
    try read { () throws(WeightsError) in
      var result: [Int] = []
      for element in try object.required(key).array() {
        result.append(try element.integer(in: minimum...Self.largestInteger))
      }
      return result
    }
  }

  /// - Throws: `model.configuration`.
  public func positiveNumber(_ key: String) throws(WeightsError) -> Double {
    try read { () throws(WeightsError) in
      let reader = try object.required(key)
      let number = try reader.number()
      guard number > 0, number.isFinite else { throw reader.mismatch("a positive number") }
      return number
    }
  }

  /// - Throws: `model.configuration`.
  public func nonNegativeNumber(_ key: String) throws(WeightsError) -> Double {
    try read { () throws(WeightsError) in
      let reader = try object.required(key)
      let number = try reader.number()
      guard number >= 0, number.isFinite else { throw reader.mismatch("a number, 0 or more") }
      return number
    }
  }

  /// - Throws: `model.configuration`.
  public func flag(_ key: String) throws(WeightsError) -> Bool {
    try read { () throws(WeightsError) in try object.required(key).bool() }
  }

  /// One of some words.
  ///
  /// - Throws: `model.configuration`.
  public func choice<Value>(
    _ key: String, of choices: [String: Value]
  ) throws(WeightsError) -> Value {
    try read { () throws(WeightsError) in
      let reader = try object.required(key)
      guard let value = choices[try reader.string()] else {
        let known = choices.keys.sorted().map(\.quoted).joined(separator: ", ")
        throw reader.mismatch("one of \(known)")
      }
      return value
    }
  }

  public func has(_ key: String) -> Bool { object.optional(key) != nil }

  /// An error about the configuration as a whole.
  public func contradiction(_ message: String) -> WeightsError {
    WeightsError(.modelConfiguration, "\(object.path): \(message)")
  }

  /// Larger sizes would overflow in products of two.
  private static let largestInteger = 1 << 30

  private func read<Value>(
    _ body: () throws(WeightsError) -> Value
  ) throws(WeightsError) -> Value {
    do throws(WeightsError) { return try body() } catch { throw Self.worded(error) }
  }

  /// An error of reading JSON, as one of the configuration.
  private static func worded(_ error: WeightsError) -> WeightsError {
    WeightsError(.modelConfiguration, error.message)
  }
}

extension WeightsError.Code {
  /// The configuration lacks a value that the model needs, or holds one that cannot be.
  public static let modelConfiguration = Self("model.configuration")
}

extension Activation {
  /// The names in configurations.
  ///
  /// Source: transformers `activations.py`.
  static let upstreamNames: [String: Activation] = [
    "gelu": .geluErf, "gelu_python": .geluErf, "gelu_pytorch_tanh": .geluTanh,
  ]
}
