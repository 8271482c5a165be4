import DVLADiagnostics
import DVLAJSON
import DVLASafetensors

/// The JSON texts in the metadata of a file.
enum ObservationJSON {
  /// Objects and arrays inside each other.
  static let depth = 64

  /// - Throws: `observation.duplicate` for a key that occurs twice, else `observation.metadata`.
  static func parse(_ text: String, key: String) throws(WeightsError) -> JSONValue {
    do throws(WeightsError) {
      return try StrictJSON.parse(text, limits: .document)
    } catch {
      throw error.about(key, else: .observationMetadata)
    }
  }

  /// - Throws: as ``parse(_:key:)`` for a document that could not be read again, or that would
  ///   not be the same then.
  static func check(_ value: JSONValue, key: String) throws(WeightsError) {
    guard value.isWritable(depth: depth) else {
      throw WeightsError(
        .observationMetadata,
        "\(key): expected finite numbers, keys without NUL, and at most \(depth) objects and arrays "
          + "inside each other")
    }
  }

  /// The text of a value: keys in the order of their bytes, no white space.
  static func text(_ value: JSONValue) -> String { value.sorted.encoded() }
}

extension WeightsError {
  /// An error about JSON as one of this format.
  func about(_ key: String?, else code: Code) -> WeightsError {
    let isDuplicate = self.code == .jsonDuplicateKey || self.code == .safetensorsNameDuplicate
    var error = WeightsError(
      isDuplicate ? .observationDuplicate : code, file: file, tensor: tensor, message)
    if let key { error.message = "\(key): " + message }
    return error
  }
}

extension JSONValue {
  fileprivate func isWritable(depth: Int) -> Bool {
    switch self {
    case .null, .bool, .integer, .unsigned, .string: true
    case .number(let number): number.isFinite
    case .array(let elements):
      depth > 0 && elements.allSatisfy { $0.isWritable(depth: depth - 1) }
    case .object(let object):
      depth > 0
        && object.members.allSatisfy { key, value in
          !key.utf8.contains(0) && value.isWritable(depth: depth - 1)
        }
    }
  }

  fileprivate var sorted: JSONValue {
    switch self {
    case .array(let elements): .array(elements.map(\.sorted))
    case .object(let object):
      .object(
        JSONObject(
          object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value.sorted) }))
    default: self
    }
  }
}
