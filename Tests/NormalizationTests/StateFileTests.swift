import DVLANormalization
import DVLATestSupport
import Testing

struct StateFileTests {
  static let state = [0.5, -1.25, 3.0, 0.1, -0.0, 1e-3, 7.5, -2.0]
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  func read(_ text: String) throws -> [Double] {
    try scratch.write(Array(text.utf8), to: "state.json")
    return try StateFile.read(path: scratch("state.json"))
  }

  func readArray(_ name: String) throws -> [Double] {
    try StateFile.read(path: FixtureFolder.path("statistics/npy/\(name).npy"))
  }

  @Test(arguments: ["[1, -2.5e-1, 0]", #"{"state": [1, -0.25, 0.0]}"#, "\n[1.0,-0.25,0]\n"])
  func readsJSON(text: String) throws {
    #expect(try read(text) == [1, -0.25, 0])
  }

  @Test(arguments: ["state-f8", "state-row", "state-version2", "state-version3"])
  func readsWhatNumPyWrites(name: String) throws {
    let values = try readArray(name)
    #expect(values.map(\.bitPattern) == Self.state.map(\.bitPattern))
  }

  @Test func floatsAreWidened() throws {
    #expect(try readArray("state-f4") == Self.state.map { Double(Float($0)) })
  }

  @Test(arguments: [
    ("", "json.truncated"), ("[1, 2", "json.truncated"), ("[NaN]", "json.non-finite"),
    ("[1e999]", "json.number-range"), ("[]", "state.count"), (#"{"state": []}"#, "state.count"),
    ("3", "state.type"), (#""1, 2""#, "state.type"), ("null", "state.type"),
    ("[[1, 2]]", "json.type"), (#"["1"]"#, "json.type"), ("[true]", "json.type"),
    ("[null]", "json.type"), (#"{"state": 3}"#, "json.type"), ("{}", "json.missing-key"),
    (#"{"states": [1]}"#, "json.unknown-key"), (#"{"state": [1], "t": 0}"#, "json.unknown-key"),
    (#"{"state": [1], "state": [2]}"#, "json.duplicate-key"),
  ])
  func refusesOtherJSON(text: String, code: String) {
    expectRefusal(code, file: scratch("state.json")) { try read(text) }
  }

  @Test func refusesMoreThanAStateHas() {
    let most = [String](repeating: "1", count: StateFile.maximumCount).joined(separator: ",")
    #expect(throws: Never.self) { try read("[\(most)]") }
    expectRefusal("state.count", mentioning: "4097") { try read("[1,\(most)]") }
    expectRefusal("file.too-large") { try read(String(repeating: " ", count: 1 << 20) + "[1]") }
  }

  @Test(arguments: [
    ("scalar", "state.type"), ("matrix", "state.type"), ("column-major", "npy.order"),
    ("empty", "state.count"), ("nan", "state.not-finite"), ("infinity", "state.not-finite"),
    ("big-endian", "npy.dtype"), ("half", "npy.dtype"), ("integers", "npy.dtype"),
    ("booleans", "npy.dtype"), ("text", "npy.dtype"), ("structured", "npy.dtype"),
  ])
  func refusesOtherArrays(name: String, code: String) {
    expectRefusal(code, file: FixtureFolder.path("statistics/npy/\(name).npy")) {
      try readArray(name)
    }
  }

  @Test func refusesWhatIsNotThere() {
    expectRefusal("file.not-found") { try StateFile.read(path: scratch("nothing")) }
    expectRefusal("file.not-regular") { try StateFile.read(path: FixtureFolder.path("statistics")) }
  }
}
