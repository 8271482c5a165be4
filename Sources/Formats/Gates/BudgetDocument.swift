public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLAJSON

// A budget as a file, which the page Budgets of the documentation specifies.
extension Budget {
  /// Most bytes of a file.
  public static let byteCountLimit = 64 << 10
  /// Each is tried with every measurement.
  public static let maximumLimitCount = 256
  static let maximumGripperCount = 64
  static let dimensions = 0...4095
  static let observationCounts = 1...1_000_000

  /// Reads a file.
  ///
  /// - Throws: `file.*`; as ``init(contents:)``.
  public init(path: String) throws(WeightsError) {
    do throws(WeightsError) {
      try self.init(contents: readWholeFile(path: path, limit: Self.byteCountLimit))
    } catch { throw error.inFile(path) }
  }

  /// - Throws: `json.*`, `budget.*`.
  public init(contents: [UInt8]) throws(WeightsError) {
    let limits = JSONLimits(
      maximumByteCount: Self.byteCountLimit, maximumDepth: 8, maximumValueCount: 8000,
      maximumObjectCount: 1000)
    try self.init(json: JSONReader(StrictJSON.parse(contents, limits: limits)))
  }

  /// - Throws: `json.type`, `json.missing-key`, `json.unknown-key`, `budget.*`.
  public init(json: JSONReader) throws(WeightsError) {
    let root = try json.object(allowing: ["schema", "observations", "grippers", "limits"])
    _ = try root.required("schema").integer(in: 1...1)
    let observations = try root.required("observations").object(allowing: ["at_least"])
    let grippers = try Self.grippers(root.optional("grippers"))
    let list = try root.required("limits")
    let items = try list.array()
    guard 1...Self.maximumLimitCount ~= items.count else {
      throw list.failure(
        .budgetSize, "expected 1 to \(Self.maximumLimitCount) limits, found \(items.count)")
    }
    var limits: [BudgetLimit] = []
    for item in items {
      let limit = try BudgetLimit(json: item)
      try Self.check(limit, at: item, among: limits, of: list, grippers: grippers)
      limits.append(limit)
    }
    self.init(
      leastObservations: try observations.required("at_least").integer(
        in: Self.observationCounts),
      grippers: grippers, limits: limits)
  }

  private static func grippers(_ reader: JSONReader?) throws(WeightsError) -> [Gripper] {
    guard let reader else { return [] }
    var grippers: [Gripper] = []
    let items = try reader.array()
    guard items.count <= maximumGripperCount else {
      throw reader.failure(
        .budgetGripper, "expected at most \(maximumGripperCount) grippers, found \(items.count)")
    }
    for (index, item) in items.enumerated() {
      let object = try item.object(allowing: ["dimension", "threshold"])
      let dimension = try object.required("dimension")
      let gripper = Gripper(
        dimension: try dimension.integer(in: dimensions),
        threshold: try object.required("threshold").number() + 0)
      if let other = grippers.firstIndex(where: { $0.dimension == gripper.dimension }) {
        throw dimension.failure(
          .budgetGripper,
          "the dimension \(gripper.dimension) is that of gripper \(other) already; expected each"
            + " once, found it at \(index) too")
      }
      grippers.append(gripper)
    }
    return grippers
  }

  /// The document in its canonical form, with members in a fixed order and without those that are
  /// left out.
  public var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("schema", 1), ("observations", ["at_least": .integer(Int64(leastObservations))]),
    ]
    if !grippers.isEmpty {
      members.append(
        (
          "grippers",
          .array(
            grippers.map {
              ["dimension": .integer(Int64($0.dimension)), "threshold": .number($0.threshold)]
            })
        ))
    }
    members.append(("limits", .array(limits.map(\.json))))
    return .object(JSONObject(members))
  }

  /// SHA-256 of the canonical document in its shortest text, so that white space, the order of
  /// members and the spelling of numbers do not matter. The order of limits and their reasons do.
  public var digest: Digest { SHA256.hash(Array(json.encoded().utf8)) }
}
