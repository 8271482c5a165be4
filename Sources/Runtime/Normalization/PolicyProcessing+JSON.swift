public import DVLADiagnostics
public import DVLAJSON

extension PolicyProcessing {
  /// The keys under `processing` in a bundle's configuration.
  public enum Key: String, CaseIterable, Sendable {
    case library, state, action
    case deltaMask = "delta_mask"
    case deltaRest = "delta_rest"
    case adaptsToPi = "adapt_to_pi"
    case stateWidth = "state_width"
    case actionWidth = "action_width"
    case stateStatistics = "state_statistics"
    case actionStatistics = "action_statistics"
    case cutsPrompts = "cut_prompts"

    /// Dotted, as the layouts name it.
    public var name: String { "processing." + rawValue }
  }

  /// Reads what ``values`` writes and what users say with `--set`: masks too as the runs of
  /// openpi's `make_bool_mask`.
  ///
  /// - Parameter value: the member `processing` of a configuration.
  /// - Throws: `json.*`, `processing.value`.
  public init(configuration value: JSONValue) throws(WeightsError) {
    let object = try JSONReader(value, path: "configuration.processing")
      .object(allowing: Set(Key.allCases.map(\.rawValue)))
    func word<Word: RawRepresentable<String> & CaseIterable>(
      _ key: Key, of all: Word.Type
    ) throws(WeightsError) -> Word? {
      guard let reader = object.optional(key.rawValue) else { return nil }
      guard let word = Word(rawValue: try reader.string()) else {
        let known = Word.allCases.map(\.rawValue.quoted).joined(separator: ", ")
        throw reader.mismatch("one of \(known)")
      }
      return word
    }
    func width(_ key: Key) throws(WeightsError) -> Int? {
      try object.optional(key.rawValue)?.integer(in: 1...DeltaMask.limit)
    }
    library = try word(.library, of: Library.self)
    state = try word(.state, of: NormalizationMethod.self)
    action = try word(.action, of: NormalizationMethod.self)
    adaptsToPi = try object.optional(Key.adaptsToPi.rawValue)?.bool() ?? false
    stateWidth = try width(.stateWidth)
    actionWidth = try width(.actionWidth)
    stateStatistics = try object.optional(Key.stateStatistics.rawValue)?.string()
    actionStatistics = try object.optional(Key.actionStatistics.rawValue)?.string()
    cutsPrompts = try object.optional(Key.cutsPrompts.rawValue)?.bool()
    let rest = try object.optional(Key.deltaRest.rawValue)?.bool() ?? false
    deltaMask = try object.optional(Key.deltaMask.rawValue).map { (reader) throws(WeightsError) in
      try DeltaMask(reader, rest: rest)
    }
  }

  /// The keys that say it, in order.
  public var values: [(key: Key, value: JSONValue)] {
    var values: [(Key, JSONValue)] = []
    func add(_ key: Key, _ value: JSONValue?) { if let value { values.append((key, value)) } }
    add(.library, library.map { .string($0.rawValue) })
    add(.state, state.map { .string($0.rawValue) })
    add(.action, action.map { .string($0.rawValue) })
    if let mask = deltaMask {
      add(.deltaMask, .array(mask.values.map { .bool($0) }))
      add(.deltaRest, .bool(mask.rest))
    }
    add(.adaptsToPi, adaptsToPi ? .bool(true) : nil)
    add(.stateWidth, stateWidth.map { .integer(Int64($0)) })
    add(.actionWidth, actionWidth.map { .integer(Int64($0)) })
    add(.stateStatistics, stateStatistics.map { .string($0) })
    add(.actionStatistics, actionStatistics.map { .string($0) })
    add(.cutsPrompts, cutsPrompts.map { .bool($0) })
    return values
  }
}

extension DeltaMask {
  fileprivate init(_ reader: JSONReader, rest: Bool) throws(WeightsError) {
    let elements = try reader.array()
    guard elements.count <= Self.limit else {
      throw reader.failure(
        .processingValue, "expected at most \(Self.limit) dimensions, found \(elements.count)")
    }
    guard elements.contains(where: { $0.value.integer != nil }) else {
      var values: [Bool] = []
      for element in elements { values.append(try element.bool()) }
      self.init(values, rest: rest)
      return
    }
    var runs: [Int] = []
    for element in elements { runs.append(try element.integer()) }
    guard let mask = Self(runs: runs) else {
      throw reader.failure(.processingValue, "expected at most \(Self.limit) dimensions")
    }
    self = mask
  }
}

extension WeightsError.Code {
  /// A value of a bundle's `processing` that cannot be.
  public static let processingValue = Self("processing.value")
  /// A step of a pipeline, or a setting of one, that is not done here.
  public static let processingStep = Self("processing.step")
  /// Steps in an order in which they would give other numbers.
  public static let processingOrder = Self("processing.order")
  /// Two documents say different things of what is done to states, actions or prompts.
  public static let processingContradiction = Self("processing.contradiction")
}
