public import DVLADiagnostics
import DVLAObservations
import DVLATensors

/// How an answer that was computed again compares with the one that was recorded: bit for bit.
public struct AnswerComparison: Sendable, Equatable {
  public enum Part: Sendable, Hashable {
    /// What goes to the robot, in its units.
    case actions
    /// What the model computed.
    case modelActions
    /// The depth of the picture of a camera.
    case depth(camera: String)
  }

  /// Numbers of one part that differ.
  public struct Difference: Sendable, Equatable {
    public let part: Part
    /// How many differ, and of how many.
    public let count: Int
    public let valueCount: Int
    /// Of the one that differs most: its action and dimension, or its row and column.
    public let place: [Int]
    public let recorded: Double
    public let computed: Double

    /// How far apart the two are; 0 where only the sign of a zero differs.
    public var distance: Double { abs(computed - recorded) }
  }

  /// The parts that were compared.
  public let parts: [Part]
  /// Those of them that differ; empty where every bit is the same.
  public let differences: [Difference]

  public var isEqual: Bool { differences.isEmpty }

  /// - Parameters:
  ///   - actions: in the robot's units.
  ///   - cameras: the names of the cameras, in the order of the chunk's depth.
  /// - Throws: `replay.shape` where the numbers have other extents than the recorded ones.
  init(
    _ actions: [[Double]], _ chunk: ActionChunk, cameras: [String], with answer: RecordedAnswer
  ) throws(WeightsError) {
    var parts: [Part] = [.actions, .modelActions]
    var differences: [Difference] = []
    differences += try Self.difference(
      .actions, recorded: answer.actions.values, answer.actions.shape,
      computed: actions.flatMap(\.self), [actions.count, actions.first?.count ?? 0])
    differences += try Self.difference(
      .modelActions, recorded: answer.modelActions, computed: chunk.normalized)
    let maps = Dictionary(
      zip(cameras, chunk.depth).map { ($0, $1.values) }, uniquingKeysWith: { first, _ in first })
    for depth in answer.depth {
      guard let map = maps[depth.camera] else {
        throw WeightsError(
          .replayShape, "\(depth.camera): expected depth, which was recorded, found none")
      }
      let part = Part.depth(camera: depth.camera)
      parts.append(part)
      differences += try Self.difference(part, recorded: depth.values, computed: map)
    }
    (self.parts, self.differences) = (parts, differences)
  }

  private static func difference(
    _ part: Part, recorded: Tensor, computed: Tensor
  ) throws(WeightsError) -> [Difference] {
    // Every float32 is a double, and differs from another as the doubles do.
    try difference(
      part, recorded: recorded.values.map(Double.init), recorded.shape,
      computed: computed.values.map(Double.init), computed.shape)
  }

  private static func difference(
    _ part: Part, recorded: [Double], _ recordedShape: Shape, computed: [Double], _ shape: Shape
  ) throws(WeightsError) -> [Difference] {
    guard shape == recordedShape else {
      throw WeightsError(
        .replayShape, "\(part): expected \(recordedShape), as recorded, found \(shape)")
    }
    let differing = recorded.indices.filter {
      recorded[$0].bitPattern != computed[$0].bitPattern
    }
    let most = differing.max { abs(recorded[$0] - computed[$0]) < abs(recorded[$1] - computed[$1]) }
    guard let most else { return [] }
    return [
      Difference(
        part: part, count: differing.count, valueCount: recorded.count,
        place: [most / shape[1], most % shape[1]], recorded: recorded[most],
        computed: computed[most])
    ]
  }
}

extension AnswerComparison.Part: CustomStringConvertible {
  public var description: String {
    switch self {
    case .actions: "actions"
    case .modelActions: "model actions"
    case .depth(let camera): "depth of \(camera)"
    }
  }
}

extension WeightsError.Code {
  /// What is computed has other extents than what was recorded.
  public static let replayShape = Self("replay.shape")
}
