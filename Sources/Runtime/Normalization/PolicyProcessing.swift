/// What happens to states before a policy sees them and to its actions afterwards, decided when a
/// checkpoint is imported and kept in the bundle's configuration under `processing`.
///
/// States: the joints of an ALOHA robot are turned, then states are normalised, then filled up with
/// zeros. Actions: cut to the robot's width, unnormalised, the state added back, the joints turned
/// back. Each step where it is said; the order is that of both libraries.
public struct PolicyProcessing: Sendable, Hashable {
  /// Whose arithmetic and prompt.
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

  /// Nil where nothing tells.
  public var library: Library?
  /// What is done to states where there are statistics; nil where nothing tells.
  public var state: NormalizationMethod?
  /// What is undone of actions.
  public var action: NormalizationMethod?
  /// The dimensions of actions that are offsets from the state; nil where actions are absolute.
  public var deltaMask: DeltaMask?
  /// Whether the robot is an ALOHA whose joints pi0 has otherwise.
  public var adaptsToPi = false
  /// The widths of the robot's states and actions.
  public var stateWidth: Int?
  public var actionWidth: Int?
  /// The files that hold the statistics, by their names beside the weights; nil: whichever there
  /// are.
  public var stateStatistics: String?
  public var actionStatistics: String?
  /// Whether a prompt that is too long is cut; nil where nothing tells.
  public var cutsPrompts: Bool?

  public init() {}
}

/// Which dimensions of an action are offsets from the state.
public struct DeltaMask: Sendable, Hashable {
  public let values: [Bool]
  /// What holds for dimensions behind those: lerobot's names may be fewer than dimensions, which
  /// then are offsets; openpi's masks end where absolute values begin.
  public let rest: Bool

  public init(_ values: [Bool], rest: Bool) { (self.values, self.rest) = (values, rest) }

  /// Most dimensions of a mask.
  public static let limit = 4096

  /// The mask of the names of an action's dimensions: those are not offsets that are called like
  /// one of the excluded, or hold one, upper and lower case alike.
  ///
  /// Source: lerobot, `src/lerobot/processor/relative_action_processor.py`, `_build_mask`.
  ///
  /// - Parameter names: nil where they are not known: then all are offsets.
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

  /// The dimensions that are offsets, of so many.
  public func dimensions(of width: Int) -> [Int] { (0..<width).filter { self[$0] } }
}

extension [UInt8] {
  /// Whether the bytes stand somewhere in these.
  fileprivate func holds(_ other: [UInt8]) -> Bool {
    guard other.count <= count else { return false }
    return (0...(count - other.count)).contains { self[$0..<$0 + other.count].elementsEqual(other) }
  }
}
