public import DVLADiagnostics
public import DVLAJSON

/// What happens to states before a policy sees them and to its actions afterwards. It is decided
/// when a checkpoint is imported, and kept in the bundle's configuration under `processing`.
///
/// States: the joints of an ALOHA robot are turned, then states are normalised, then filled up with
/// zeros. Actions: cut to the robot's width, unnormalised, the state added back, the joints turned
/// back. Each step is optional; the order is that of both libraries.
public struct PolicyProcessing: Sendable, Hashable {
  /// The library whose arithmetic and prompt a policy was trained with.
  public enum Library: String, Sendable, CaseIterable {
    case openpi
    /// Since October 2025, with pipelines beside the weights.
    case lerobot
    /// Until then, with statistics among the tensors.
    case earlyLeRobot = "lerobot-2025-02"
    /// `PI0Processor`.
    case transformers

    public var isLeRobot: Bool { self == .lerobot || self == .earlyLeRobot }
  }

  /// Nil where it is unknown.
  public var library: Library?
  /// How states are normalised where there are statistics; nil where it is unknown.
  public var state: NormalizationMethod?
  /// How actions were normalised, which is undone; nil where it is unknown.
  public var action: NormalizationMethod?
  /// The dimensions of actions that are offsets from the state; nil where actions are absolute.
  public var deltaMask: DeltaMask?
  /// Whether the robot is an ALOHA, whose joints pi0 was trained with in another convention.
  public var adaptsToPi = false
  /// The widths of the robot's states and actions.
  public var stateWidth: Int?
  public var actionWidth: Int?
  /// The files that hold the statistics, by their names beside the weights; nil: any file of
  /// statistics.
  public var stateStatistics: String?
  public var actionStatistics: String?
  /// Whether a prompt that is too long is cut; nil where it is unknown.
  public var cutsPrompts: Bool?

  public init() {}
}

/// Which dimensions of an action are offsets from the state.
public struct DeltaMask: Sendable, Hashable {
  public let values: [Bool]
  /// The value for dimensions beyond those: lerobot may name fewer than there are, and the others
  /// are offsets; openpi's masks end where absolute values begin.
  public let rest: Bool

  public init(_ values: [Bool], rest: Bool) { (self.values, self.rest) = (values, rest) }

  /// Most dimensions of a mask.
  public static let limit = 4096

  /// The mask from the names of an action's dimensions: those whose names contain one of the
  /// excluded, in upper or lower case, are not offsets.
  ///
  /// Source: lerobot, `src/lerobot/processor/relative_action_processor.py`, `_build_mask`.
  ///
  /// - Parameter names: nil where they are unknown: then all dimensions are offsets.
  public init(excluding excluded: [String], names: [String]?) {
    let tokens = excluded.filter { !$0.isEmpty }.map { Array($0.lowercased().utf8) }
    let values = (names ?? []).map { name in
      let name = Array(name.lowercased().utf8)
      return !tokens.contains { name.holds($0) }
    }
    self.init(values, rest: true)
  }

  /// openpi's `make_bool_mask`: the length of each run, negative for one of absolute dimensions.
  ///
  /// Source: openpi, `src/openpi/transforms.py`.
  ///
  /// - Returns: nil for a mask of more than ``limit`` dimensions.
  public init?(runs: [Int]) {
    var values: [Bool] = []
    for run in runs {
      guard run.magnitude <= Self.limit - values.count else { return nil }
      values += [Bool](repeating: run > 0, count: Int(run.magnitude))
    }
    self.init(values, rest: false)
  }

  /// Whether the dimension is an offset.
  public subscript(dimension: Int) -> Bool {
    dimension < values.count ? values[dimension] : rest
  }

  /// The dimensions below `width` that are offsets.
  public func dimensions(of width: Int) -> [Int] { (0..<width).filter { self[$0] } }
}

extension [UInt8] {
  /// Whether these contain the other bytes.
  fileprivate func holds(_ other: [UInt8]) -> Bool {
    guard other.count <= count else { return false }
    return (0...(count - other.count)).contains { self[$0..<$0 + other.count].elementsEqual(other) }
  }
}

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

  /// Reads the keys that ``values`` lists. Users may also give a mask as the runs of openpi's
  /// `make_bool_mask`.
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

  /// The keys and values in a configuration, in order.
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
  /// An invalid value in a bundle's `processing`.
  public static let processingValue = Self("processing.value")
  /// A step of a pipeline, or a setting of a step, that is not supported.
  public static let processingStep = Self("processing.step")
  /// Steps in an order in which they would compute other numbers.
  public static let processingOrder = Self("processing.order")
  /// Two documents contradict each other about the processing of states, actions or prompts.
  public static let processingContradiction = Self("processing.contradiction")
}
