import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

extension LeRobotPipeline {
  /// The settings of one step, each of which must be asked for.
  struct Settings {
    let step: Step
    private(set) var taken: [(JSONReader, KeyFate)] = []
    private var known: Set<String> = []

    init(_ step: Step) { self.step = step }

    /// - Returns: nil where it is not there.
    mutating func take(_ key: String, _ fate: KeyFate) -> JSONReader? {
      known.insert(key)
      guard let reader = step.config?.optional(key) else { return nil }
      taken.append((reader, fate))
      return reader
    }

    mutating func required(
      _ key: String, _ fate: KeyFate
    ) throws(WeightsError) -> JSONReader {
      guard let reader = take(key, fate) else {
        throw step.reader.failure(.jsonMissingKey, "expected the key config.\(key), found none")
      }
      return reader
    }

    mutating func neutral(_ key: String, _ why: String) throws(WeightsError) {
      _ = take(key, .neutral(why))
    }

    /// - Throws: `processing.step` for another value than those that are computed.
    mutating func fixed(_ key: String, _ values: [JSONValue]) throws(WeightsError) {
      guard let reader = take(key, .fixed) else { return }
      func isSame(_ value: JSONValue) -> Bool {
        if let number = value.number { return reader.value.number == number }
        return value == reader.value
      }
      guard values.contains(where: isSame) else {
        throw step.failure(
          "has \(key) \(reader.value.shortened), expected "
            + values.map { $0.encoded() }.joined(separator: " or "))
      }
    }

    /// True and false as Python has them, but for strings: all but an empty one would be true.
    ///
    /// - Throws: `processing.step`.
    mutating func flag(_ key: String, else missing: Bool = false) throws(WeightsError) -> Bool {
      guard let reader = take(key, .used("whether the step is done")) else { return missing }
      switch reader.value {
      case .bool(let flag): return flag
      case .null, .integer(0): return false
      case .integer(1): return true
      default:
        throw step.failure("has \(key) \(reader.value.shortened), expected true or false")
      }
    }

    /// - Returns: nil where it is not there, or null.
    /// - Throws: `json.type`.
    mutating func strings(
      _ key: String, _ fate: KeyFate
    ) throws(WeightsError) -> [String]? {
      guard let reader = take(key, fate), !reader.isNull else { return nil }
      var strings: [String] = []
      for element in try reader.array() { strings.append(try element.string()) }
      guard strings.count <= DeltaMask.limit else {
        throw step.failure("has \(strings.count) \(key), expected at most \(DeltaMask.limit)")
      }
      return strings
    }

    /// What no one asked for: lerobot refuses it too.
    ///
    /// - Throws: `processing.step`.
    func refuseTheRest() throws(WeightsError) {
      guard let config = step.config,
        let unknown = config.members.first(where: { !known.contains($0.key) })
      else { return }
      throw step.failure(
        "has \(unknown.key.quoted), which no version of lerobot has; expected "
          + (known.isEmpty ? "no settings" : known.sorted().joined(separator: ", ")))
    }
  }
}
