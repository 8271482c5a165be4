import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import Testing

@Suite struct RecordedObservationTests {
  private typealias Camera = RecordedObservation.Camera

  private static func make(
    cameras: [RecordedObservation.Camera]? = nil, unit: RecordedObservation.DepthUnit? = nil,
    instruction: String = "", state: RecordedObservation.Numbers = .init([1]),
    noise: Tensor = Tensor([1, 2], shape: [1, 2]),
    demonstrated: RecordedObservation.Numbers? = nil, source: JSONObject = JSONObject(),
    answer: RecordedAnswer? = nil
  ) throws {
    _ = try RecordedObservation(
      cameras: cameras ?? [camera()], depthUnit: unit, instruction: instruction, state: state,
      noise: noise, demonstrated: demonstrated, source: source, versions: JSONObject(),
      answer: answer)
  }

  private static func camera(
    _ name: String = "a", _ size: PixelSize = PixelSize(height: 1, width: 2), depth: Tensor? = nil
  ) -> RecordedObservation.Camera {
    .init(
      name: name,
      picture: RGBImage(
        width: size.width, height: size.height,
        pixels: [UInt8](repeating: 0, count: 3 * size.width * size.height)), depth: depth)
  }

  private static func answer(
    actions: [[Double]] = [[1]], model: Tensor = Tensor([1, 2], shape: [1, 2]),
    depth: [RecordedAnswer.Depth] = [],
    change: (inout RecordedAnswer.Origin) -> Void = { _ in }
  ) -> RecordedAnswer {
    var origin = Samples.origin
    change(&origin)
    return RecordedAnswer(actions: actions, modelActions: model, depth: depth, origin: origin)
  }

  @Test func camerasHaveNamesPicturesAndLimits() throws {
    try Self.make(cameras: (0..<16).map { Self.camera("c\($0)") })
    refused("observation.camera") { try Self.make(cameras: []) }
    refused("observation.camera") {
      try Self.make(cameras: (0..<17).map { Self.camera("c\($0)") })
    }
    for name in ["", "a b", "ä", String(repeating: "a", count: 129)] {
      refused("observation.camera") { try Self.make(cameras: [Self.camera(name)]) }
    }
    try Self.make(cameras: [Self.camera(String(repeating: "a", count: 128))])
    refused("observation.duplicate") { try Self.make(cameras: [Self.camera(), Self.camera()]) }
    try Self.make(cameras: [Self.camera("a", PixelSize(height: 8192, width: 1))])
    refused("observation.picture") {
      try Self.make(cameras: [Self.camera("a", PixelSize(height: 8193, width: 1))])
    }
  }

  @Test func depthFitsItsPictureAndHasAUnit() throws {
    let depth = Tensor([0, 1], shape: [1, 2])
    try Self.make(cameras: [Self.camera(depth: depth)], unit: .metres)
    refused("observation.depth") { try Self.make(cameras: [Self.camera(depth: depth)]) }
    refused("observation.depth") { try Self.make(unit: .metres) }
    let below = Tensor([0, -1], shape: [1, 2])
    refused("observation.depth") {
      try Self.make(cameras: [Self.camera(depth: below)], unit: .unscaled)
    }
    try Self.make(cameras: [Self.camera(depth: below)], unit: .relative)
    for bad in [
      Tensor([0, 1], shape: [2, 1]), Tensor([0, 1], shape: [2]), Tensor([0, .nan], shape: [1, 2]),
    ] {
      refused("observation.depth") {
        try Self.make(cameras: [Self.camera(depth: bad)], unit: .relative)
      }
    }
  }

  @Test func numbersAreFiniteAndWithinTheLimits() throws {
    refused("observation.state") { try Self.make(state: .init([])) }
    refused("observation.state") { try Self.make(state: .init([1, .infinity])) }
    refused("observation.state") { try Self.make(state: .init([1], shape: [1, 1])) }
    try Self.make(state: .init([Double](repeating: 0, count: 4096)))
    refused("observation.state") {
      try Self.make(state: .init([Double](repeating: 0, count: 4097)))
    }
    refused("observation.noise") { try Self.make(noise: Tensor([1], shape: [1])) }
    refused("observation.noise") { try Self.make(noise: Tensor([.nan], shape: [1, 1])) }
    refused("observation.noise") { try Self.make(noise: Tensor(zeros: [1, 4097])) }
    refused("observation.noise") { try Self.make(noise: Tensor(zeros: [0, 1])) }
    refused("observation.actions") { try Self.make(demonstrated: .init([1])) }
    refused("observation.actions") { try Self.make(demonstrated: .init([.nan], shape: [1, 1])) }
  }

  @Test func textsAreWithinTheLimits() throws {
    try Self.make(instruction: String(repeating: "ä", count: 32_768))
    refused("observation.instruction") {
      try Self.make(instruction: String(repeating: "ä", count: 32_769))
    }
    refused("observation.instruction") { try Self.make(instruction: "a\0") }
    func nested(_ depth: Int) -> JSONValue {
      (0..<depth).reduce(JSONValue.null) { value, _ in .array([value]) }
    }
    try Self.make(source: JSONObject([("a", nested(63))]))
    refused("observation.metadata") { try Self.make(source: JSONObject([("a", nested(64))])) }
    refused("observation.metadata") {
      try Self.make(source: JSONObject([("a", .number(.infinity))]))
    }
    refused("observation.metadata") { try Self.make(source: JSONObject([("a\0", 1)])) }
  }

  @Test func anAnswerFitsTheObservation() throws {
    try Self.make(answer: Self.answer())
    refused("observation.answer") {
      try Self.make(answer: Self.answer(model: Tensor([1, 2], shape: [2, 1])))
    }
    refused("observation.answer") { try Self.make(answer: Self.answer(actions: [[1], [2]])) }
    refused("observation.answer") { try Self.make(answer: Self.answer(actions: [[.nan]])) }
    let depth = RecordedAnswer.Depth(camera: "a", values: Tensor([1, 2], shape: [1, 2]))
    try Self.make(answer: Self.answer(depth: [depth]))
    refused("observation.duplicate") {
      try Self.make(answer: Self.answer(depth: [depth, depth]))
    }
    for bad in [
      RecordedAnswer.Depth(camera: "b", values: depth.values),
      RecordedAnswer.Depth(camera: "a", values: Tensor([1, 2], shape: [2, 1])),
      RecordedAnswer.Depth(camera: "a", values: Tensor([1, -1], shape: [1, 2])),
    ] {
      refused("observation.answer") { try Self.make(answer: Self.answer(depth: [bad])) }
    }
  }

  @Test func whatAnsweredIsChecked() throws {
    let changes: [(inout RecordedAnswer.Origin) -> Void] = [
      { $0.steps = 0 }, { $0.steps = 1001 }, { $0.release = 0 }, { $0.release = 1 << 53 },
      { $0.mask = "causal" }, { $0.bf16 = "fast" }, { $0.int8 = "" }, { $0.family = "" },
      { $0.tool = String(repeating: "a", count: 257) }, { $0.time = "2026-11-30 14:05:00.250Z" },
    ]
    for change in changes {
      refused("observation.answer") { try Self.make(answer: Self.answer(change: change)) }
    }
    try Self.make(answer: Self.answer { $0.release = 1 })
  }
}
