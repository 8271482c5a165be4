import DVLAHashing
import DVLAObservations
import DVLATestSupport
import Testing

@Suite struct ObservationFolderTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  /// Writes two files, and an index of them.
  private func fill() throws {
    var entries: [ObservationIndex.Entry] = []
    for name in ["answered", "plain"] {
      let bytes = try Samples.bytes(name)
      try folder.write(bytes, to: name + ".safetensors")
      entries.append(
        .init(file: name + ".safetensors", byteCount: bytes.count, sha256: SHA256.hash(bytes)))
    }
    try folder.write(ObservationIndex.encode(entries), to: "observations.json")
  }

  private func edit(_ change: (String) -> String) throws {
    let text = String(decoding: try folder.bytes(of: "observations.json"), as: UTF8.self)
    let changed = change(text)
    #expect(changed != text)
    try folder.write(changed, to: "observations.json")
  }

  @Test func readsInTheOrderOfTheIndex() throws {
    try fill()
    try folder.write("x", to: "zzz.safetensors")
    let found = try ObservationFolder(path: folder.path)
    #expect(found.entries.map(\.file) == ["answered.safetensors", "plain.safetensors"])
    #expect(found.digest == SHA256.hash(try folder.bytes(of: "observations.json")))
    for (index, name) in ["answered", "plain"].enumerated() {
      #expect(
        try found.observation(at: index)
          == ObservationFile.decode(try Samples.bytes(name), file: name))
    }
  }

  @Test func refusesWhatIsNotThere() throws {
    refused("observation.missing") { _ = try ObservationFolder(path: folder("none")) }
    refused("observation.missing") { _ = try ObservationFolder(path: folder.path) }
    try fill()
    let found = try ObservationFolder(path: folder.path)
    try folder.remove("plain.safetensors")
    refused("observation.missing") { _ = try found.observation(at: 1) }
    refused("observation.missing") { _ = try ObservationFolder(path: folder.path) }
    refused("observation.missing") {
      _ = try ObservationFolder(path: folder("answered.safetensors"))
    }
  }

  @Test func refusesFilesThatAreNotThoseOfTheIndex() throws {
    try fill()
    let found = try ObservationFolder(path: folder.path)
    try folder.write(try Samples.bytes("answered"), to: "plain.safetensors")
    refused("observation.digest") { _ = try found.observation(at: 1) }
    var bytes = try Samples.bytes("plain")
    bytes[bytes.count - 1] ^= 1
    try folder.write(bytes, to: "plain.safetensors")
    refused("observation.digest") { _ = try found.observation(at: 1) }
  }

  @Test(arguments: [
    ("\"version\": 1", "\"version\": 2", "version"),
    ("\"version\": 1", "\"version\": 1.0", "version"),
    ("depthvla-observations", "depthvla-observation", "format"),
    ("\"observations\"", "\"list\"", "index"),
    ("\"version\": 1", "\"version\": 1, \"x\": 1", "index"),
    ("\"version\": 1", "\"version\": 1, \"version\": 1", "duplicate"),
    ("plain.safetensors", "answered.safetensors", "duplicate"),
    ("plain.safetensors", "../plain.safetensors", "index"),
    ("plain.safetensors", ".plain.safetensors", "index"),
    ("plain.safetensors", "a/plain.safetensors", "index"),
    ("plain.safetensors", ".safetensors", "index"),
    ("plain.safetensors", "plain.json", "index"),
    ("\"sha256\": \"", "\"sha256\": \"A", "index"),
    ("\"bytes\": ", "\"bytes\": -", "index"),
    ("\"bytes\": ", "\"size\": ", "index"),
    ("\"observations\": [", "\"observations\": [], \"x\": [", "index"),
    ("]", "", "index"),
  ])
  func refusesAnIndexThatBreaksARule(old: String, new: String, code: String) throws {
    try fill()
    try edit { text in

      text.replacing(old, with: new, maxReplacements: 1)
    }
    refused("observation." + code) { _ = try ObservationFolder(path: folder.path) }
  }

  @Test func anIndexListsAtLeastOne() throws {
    try folder.write(ObservationIndex.encode([]), to: "observations.json")
    refused("observation.index") { _ = try ObservationFolder(path: folder.path) }
  }

  @Test func namesHaveALimit() throws {
    for (count, isRefused) in [(200, false), (201, true)] {
      let name = String(repeating: "a", count: count) + ".safetensors"
      let text = ObservationIndex.encode([
        .init(file: name, byteCount: 1, sha256: SHA256.hash([]))
      ])
      if isRefused {
        refused("observation.index") { _ = try ObservationIndex.decode(Array(text.utf8)) }
      } else {
        #expect(try ObservationIndex.decode(Array(text.utf8)).map(\.file) == [name])
      }
    }
  }
}
