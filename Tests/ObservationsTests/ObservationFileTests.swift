import DVLADiagnostics
import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct ObservationFileTests {
  private static let refusals: [(name: String, code: String)] =
    ((try? Samples.json("refused").members) ?? []).map { ($0.key, $0.value.string ?? "") }

  @Test func thereAreFixtures() {
    #expect(Samples.names.count == 5)
    #expect(Self.refusals.count > 100)
  }

  @Test(arguments: Samples.names) func writesTheBytesOfThePythonPackage(name: String) throws {
    let bytes = try Samples.bytes(name)
    let observation = try ObservationFile.decode(bytes, file: name)
    #expect(try ObservationFile.encode(observation) == bytes)
  }

  @Test(arguments: Samples.names) func readsWhatThePythonPackageWrote(name: String) throws {
    let found = try ObservationFile.decode(try Samples.bytes(name), file: name)
    let document = try Samples.json("expected")
    let expected = try #require(document[name]?.object)
    let list = try #require(expected["cameras"]?.array)
    let cameras = list.compactMap(\.object)
    #expect(found.cameras.map(\.name) == cameras.map { $0["name"]?.string })
    for (camera, expected) in zip(found.cameras, cameras) {
      let picture = try Numbers(expected["picture"])
      #expect([camera.picture.height, camera.picture.width, 3] == picture.shape)
      #expect(camera.picture.pixels.map(Double.init) == picture.values)
      let depth = expected["depth"] == .null ? nil : try Numbers(expected["depth"])
      #expect(camera.depth.map(Numbers.init) == depth)
    }
    #expect(found.instruction == expected["instruction"]?.string)
    let (state, noise) = (try Numbers(expected["state"]), try Numbers(expected["noise"]))
    #expect(Numbers(found.state) == state)
    #expect(Numbers(found.noise) == noise)
    #expect(found.noiseSeed.map(String.init) == expected["noise_seed"]?.string)
    let demonstrated = expected["actions"] == .null ? nil : try Numbers(expected["actions"])
    #expect(found.demonstrated.map(Numbers.init) == demonstrated)
    #expect(found.depthUnit?.rawValue == expected["depth_unit"]?.string)
    let source = try #require(expected["source"]?.object)
    #expect(found.source.count == source.count)
    for (key, value) in found.source.members { #expect(source[key] == value) }
    #expect(found.versions["numpy"] == "2.4.6")

    let answer = expected["answer"]?.object
    #expect((found.answer == nil) == (answer == nil))
    guard let answer, let answered = found.answer else { return }
    let actions = try Numbers(answer["actions"])
    let modelActions = try Numbers(answer["model_actions"])
    #expect(Numbers(answered.actions) == actions)
    #expect(Numbers(answered.modelActions) == modelActions)
    let depth = try #require(answer["depth"]?.object)
    #expect(answered.depth.map(\.camera) == depth.members.map(\.key))
    for map in answered.depth {
      let expected = try Numbers(depth[map.camera])
      #expect(Numbers(map.values) == expected)
    }
    let origin = try #require(answer["origin"]?.object)
    #expect(answered.origin.root.hex == origin["root"]?.string)
    #expect(answered.origin.release == origin["release"]?.integer)
    #expect(answered.origin.family == origin["family"]?.string)
    #expect(answered.origin.bf16 == "native" && answered.origin.int8 == "exact")
    #expect(answered.origin.steps == origin["steps"]?.integer)
    #expect(answered.origin.mask == "block" && answered.origin.usesDepthExpert)
    #expect(answered.origin.robot?.count == origin["robot"]?.object?.count)
    #expect(answered.origin.robot?["scale"] == origin["robot"]?.object?["scale"])
    #expect(answered.origin.tool == "depthvla 0.9.0")
    #expect(answered.origin.time == origin["time"]?.string)
  }

  @Test(arguments: refusals) func refusesWhatBreaksARule(name: String, code: String) throws {
    let bytes = try FixtureFolder.bytes("observations/refused/" + name)
    refused(code) { _ = try ObservationFile.decode(bytes, file: "a.safetensors") }
  }

  @Test(arguments: Samples.names) func noCutAndNoChangedByteGoesUnnoticed(name: String) throws {
    let whole = try Samples.bytes(name)
    let observation = try ObservationFile.decode(whole, file: name)
    for count in stride(from: 0, to: whole.count, by: 7) {
      #expect(throws: WeightsError.self) {
        try ObservationFile.decode(Array(whole[..<count]), file: "a")
      }
    }
    for index in stride(from: 0, to: whole.count, by: 11) {
      var changed = whole
      changed[index] ^= 0x20
      // The index notices what a file of its own cannot show, such as a letter of the instruction.
      if let other = try? ObservationFile.decode(changed, file: "a") {
        #expect(try other != observation || ObservationFile.encode(other) == whole)
      }
    }
  }

  @Test func aHeaderAboveTheLimitIsRefusedBothWays() throws {
    let plain = try Samples.bytes("plain")
    let count = plain[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let filled =
      Array(plain[8..<8 + count]) + [UInt8](repeating: 0x20, count: (1 << 20) - count + 8)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: filled.count >> (8 * $0)) }
    refused("observation.header") {
      _ = try ObservationFile.decode(prefix + filled + plain[(8 + count)...], file: "a")
    }
    let one = try Samples.observation()
    let large = try RecordedObservation(
      cameras: one.cameras, instruction: "", state: one.state, noise: one.noise,
      source: JSONObject([("a", .string(String(repeating: "a", count: 1 << 20)))]),
      versions: JSONObject())
    refused("observation.header") { _ = try ObservationFile.encode(large) }
  }

  @Test func metadataBeginWithFilesOfTheirOwnFormat() throws {
    for (name, version) in [("plain", "1"), ("answered", "2")] {
      let bytes = try Samples.bytes(name)
      #expect(String(decoding: bytes, as: UTF8.self).contains("\"version\":\"\(version)\""))
    }
  }
}

/// The numbers of a tensor, its extents and its type.
private struct Numbers: Equatable {
  let shape: [Int]
  let values: [Double]
  let dtype: String

  init(_ json: JSONValue?) throws {
    let object = try #require(json?.object)
    shape = try #require(object["shape"]?.array).compactMap(\.integer)
    values = try #require(object["values"]?.array).compactMap(\.number)
    dtype = try #require(object["dtype"]?.string)
  }

  init(_ tensor: Tensor) {
    (shape, values, dtype) = (tensor.shape.dimensions, tensor.values.map(Double.init), "<f4")
  }

  init(_ numbers: RecordedObservation.Numbers) {
    (shape, values) = (numbers.shape.dimensions, numbers.values)
    dtype = numbers.isSingle ? "<f4" : "<f8"
  }
}
