import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAImages
import DVLAModels
import DVLANumPyMessages
import DVLAPipelines
import DVLAPolicyService
import DVLAQuantization
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

struct PolicyServiceTests {
  let fixture: ServedFixture
  let service: PolicyService

  init() throws {
    fixture = try ServedFixture()
    service = PolicyService(path: fixture.path, options: try fixture.options)
    _ = try service.load()
  }

  func answer(_ observation: NumPyMap) throws -> NumPyMap {
    guard
      case .map(let map) = try NumPyMessage.decode(
        try service.answer(ServedFixture.request(observation)))
    else { throw WeightsError(.init("test"), "no map") }
    return map
  }

  func refusal(_ observation: NumPyMap) -> String? {
    do throws(WeightsError) {
      _ = try service.answer(ServedFixture.request(observation))
      return nil
    } catch { return error.code.rawValue }
  }

  /// What a policy computes of the same pictures, without any service.
  func expected(seed: UInt64) throws -> ActionChunk {
    let bundle = try WeightBundle(path: fixture.path)
    let policy = try RobotPolicy(bundle, on: .init(threads: 1))
    let pictures = try ["observation/image", "observation/wrist_image"].map { key in
      guard case .array(let array)? = ServedFixture.observation()[key] else {
        throw WeightsError(.init("test"), "no picture")
      }
      return RGBImage(
        width: ServedFixture.side, height: ServedFixture.side, pixels: array.bytes)
    }
    return try policy.act(
      on: pictures, instruction: ServedFixture.instruction,
      // The model's states have eleven values.
      state: ServedFixture.state + [0, 0, 0], noise: policy.noise(seed: seed))
  }

  @Test func theActionsAreThoseOfThePolicyBitForBit() throws {
    let answer = try answer(ServedFixture.observation(wishes: ["seed": .integer(11)]))
    let chunk = try expected(seed: 11)
    guard case .array(let actions)? = answer["actions"] else {
      Issue.record("no actions")
      return
    }
    #expect(actions.shape == [8, 7])
    #expect(actions.dtype == NumPyType(.float, size: 8))
    #expect(try actions.doubles() == chunk.actions.flatMap(\.self))
    #expect(answer["depth"] == nil)
    guard case .map(let computed)? = answer["depthvla"] else {
      Issue.record("not said with what")
      return
    }
    #expect(computed["seed"] == .integer(11))
    #expect(computed["root"] == .text(try WeightBundle(path: fixture.path).root.hex))
  }

  @Test func depthComesBackWhereItIsAskedFor() throws {
    let answer = try answer(
      ServedFixture.observation(wishes: ["seed": .integer(3), "depth": .bool(true)]))
    let chunk = try expected(seed: 3)
    guard case .map(let depth)? = answer["depth"] else {
      Issue.record("no depth")
      return
    }
    #expect(depth.entries.map(\.key) == ["observation/image", "observation/wrist_image"])
    for (entry, map) in zip(depth.entries, chunk.depth) {
      guard case .array(let array) = entry.value else {
        Issue.record("no array")
        return
      }
      #expect(array.shape == map.values.shape.dimensions)
      #expect(try array.doubles() == map.values.values.map(Double.init))
    }
    guard case .array(let actions)? = answer["actions"] else { return }
    #expect(try actions.doubles() == chunk.actions.flatMap(\.self))
  }

  @Test func givenNoiseIsWhatActionsStartFrom() throws {
    let bundle = try WeightBundle(path: fixture.path)
    let noise = try RobotPolicy(bundle, on: .init(threads: 1)).noise(seed: 5)
    let array = NumPyArray(noise.values, shape: noise.shape.dimensions)
    let given = try answer(ServedFixture.observation(wishes: ["noise": .array(array)]))
    let seeded = try answer(ServedFixture.observation(wishes: ["seed": .integer(5)]))
    #expect(given["actions"] == seeded["actions"])
    guard case .map(let computed)? = given["depthvla"] else { return }
    #expect(computed["seed"] == nil)
  }

  @Test func withoutWishesTheNoiseOfEachObservationIsAnother() throws {
    let first = try answer(ServedFixture.observation())
    let second = try answer(ServedFixture.observation())
    #expect(first["actions"] != second["actions"])
    #expect(first["depthvla"] == nil)
    // The first seed of these options is 0, and the next one follows.
    let known = try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))
    #expect(second["actions"] == known["actions"])
  }

  @Test(
    arguments: [
      ["depth": .integer(1)], ["seed": .integer(-1)],
      ["seed": .array(NumPyArray(dtype: NumPyType(.signed, size: 1), shape: [], bytes: [255]))],
      ["seed": .number(1)], ["noise": .number(1)],
      ["noise": .array(NumPyArray([Float](repeating: 0, count: 8), shape: [8]))],
      ["noise": .array(NumPyArray([Float](repeating: .nan, count: 56), shape: [8, 7]))],
      ["steps": .integer(3)],
      [
        "seed": .integer(1),
        "noise": .array(NumPyArray([Float](repeating: 0, count: 56), shape: [8, 7])),
      ],
    ] as [NumPyMap])
  func wishesThatCannotBeFulfilledAreRefused(_ wishes: NumPyMap) {
    #expect(refusal(ServedFixture.observation(wishes: wishes)) == "serve.wish")
  }

  @Test(arguments: [
    NumPyArray(dtype: NumPyType(.signed, size: 8), shape: [], bytes: [5, 0, 0, 0, 0, 0, 0, 0]),
    NumPyArray(dtype: NumPyType(.unsigned, size: 1), shape: [], bytes: [5]),
    NumPyArray(dtype: NumPyType(.signed, size: 2, isBigEndian: true), shape: [], bytes: [0, 5]),
  ])
  func scalarsOfNumPyAreTaken(_ seed: NumPyArray) throws {
    let yes = NumPyArray(dtype: NumPyType(.bool, size: 1), shape: [], bytes: [1])
    let found = try answer(
      ServedFixture.observation(wishes: ["seed": .array(seed), "depth": .array(yes)]))
    let expected = try answer(
      ServedFixture.observation(wishes: ["seed": .integer(5), "depth": .bool(true)]))
    #expect(found["actions"] == expected["actions"])
    #expect(found["depth"] == expected["depth"])
  }

  @Test func aRequestThatNobodyWaitsForEnds() {
    let request = ServedFixture.request()
    request.cancel()
    #expect(throws: WeightsError(.init("serve.gone"), "")) { try service.answer(request) }
    let late = ServiceRequest(ServedFixture.message(), allowing: .zero)
    #expect(throws: WeightsError(.init("serve.timeout"), "")) { try service.answer(late) }
  }

  @Test func aNewBundleTakesOver() throws {
    let before = try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))
    try fixture.convert("depthvla/plain", .int8)
    // Until it is loaded, the old one answers.
    #expect(
      try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))["actions"]
        == before["actions"])
    let summary = try service.load()
    let after = try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))
    #expect(after["actions"] != before["actions"])
    guard case .map(let computed)? = after["depthvla"] else { return }
    #expect(computed["root"] == .text(summary.root))
  }

  @Test func aDamagedBundleLeavesTheOldOneInPlace() throws {
    let before = try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))
    var bytes = try fixture.scratch.bytes(of: "robot.dvla.safetensors")
    bytes[bytes.count - 100] ^= 1
    // Renamed to its place, as a release is brought there.
    try fixture.scratch.remove("robot.dvla.safetensors")
    try fixture.scratch.write(bytes, to: "robot.dvla.safetensors")
    #expect(throws: WeightsError.self) { try service.load() }
    #expect(
      try answer(ServedFixture.observation(wishes: ["seed": .integer(1)]))["actions"]
        == before["actions"])
    let page = service.metrics(connections: 0, queued: 0, isReady: true)
    #expect(page.contains("depthvla_reloads_refused_total{code=\"bundle."))
  }

  @Test func aBundleThatComputesNoDepthDoesNotTakeOver() throws {
    try fixture.convert("pi0/openpi")
    #expect(throws: WeightsError(.init("serve.other-robot"), "")) { try service.load() }
    #expect(service.isReady)
  }

  @Test func depthOfAPolicyWithoutItIsRefused() throws {
    var options = try fixture.options
    options.usesDepth = false
    let service = PolicyService(path: fixture.path, options: options)
    _ = try service.load()
    #expect(throws: WeightsError(.init("serve.no-depth"), "")) {
      try service.answer(
        ServedFixture.request(ServedFixture.observation(wishes: ["depth": .bool(true)])))
    }
  }

  @Test func withoutARobotNothingIsServed() throws {
    var options = try fixture.options
    options.robot = nil
    #expect(throws: WeightsError(.init("serve.robot"), "")) {
      try PolicyService(path: fixture.path, options: options).load()
    }
  }
}
