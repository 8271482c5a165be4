import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

/// Group D: folders, indexes, shards.
@Suite struct CheckpointTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  /// A shard whose tensors are all one byte.
  func shard(_ name: String, _ tensors: [String]) throws {
    let members = tensors.enumerated().map { member($1, "U8", "[1]", "[\($0),\($0 + 1)]") }
    try folder.write(
      fileBytes("{" + members.joined(separator: ",") + "}", data: tensors.count), to: name)
  }

  func index(_ map: [(String, String)], metadata: String = "{}") throws {
    let members = map.map { #""\#($0.0)":"\#($0.1)""# }.joined(separator: ",")
    try indexText(#"{"metadata":\#(metadata),"weight_map":{\#(members)}}"#)
  }

  func indexText(_ text: String) throws {
    try folder.write(Array(text.utf8), to: "model.safetensors.index.json")
  }

  func expect(
    _ code: WeightsError.Code, _ line: String, kind: WeightsError.Kind = .malformed,
    details: [String]? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(
      code, line, kind: kind, in: folder.path, details: details, sourceLocation: sourceLocation
    ) { () throws(WeightsError) in _ = try Checkpoint(path: folder.path) }
  }

  static let one = "model-00001-of-00002.safetensors"
  static let two = "model-00002-of-00002.safetensors"
  static let indexName = "model.safetensors.index.json"

  func twoShards() throws {
    try shard(Self.one, ["a", "b"])
    try shard(Self.two, ["c"])
    try index([("a", Self.one), ("b", Self.one), ("c", Self.two)])
  }

  // MARK: what is accepted

  @Test func readsASingleFileAndItsConfig() throws {
    try shard("anything.safetensors", ["a", "b"])
    try folder.write(Array(#"{"model_type":"dinov2"}"#.utf8), to: "config.json")
    for path in [folder("anything.safetensors"), folder.path] {
      let checkpoint = try Checkpoint(path: path)
      #expect(checkpoint.tensors.map(\.name) == ["a", "b"])
      #expect(checkpoint.index == nil)
      #expect(checkpoint.remarks.isEmpty)
      #expect(checkpoint.config?.path == folder("config.json"))
      #expect(checkpoint.config?.value == ["model_type": "dinov2"])
      #expect(try checkpoint.bytes(of: "b") == [1])
    }
  }

  @Test func readsAFileWhoseFolderCannotBeListed() async throws {
    try shard("a.safetensors", ["a"])
    try folder.write(Array("{}".utf8), to: "config.json")
    let path = folder.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      #expect(unsafe chmod(path, 0o711) == 0)
      // The superuser may list anything.
      if getuid() == 0 { #expect(setuid(65534) == 0) }
      #expect(throws: WeightsError(.filePermission, "")) { try Checkpoint(path: path) }
      let checkpoint = try Checkpoint(path: path + "/a.safetensors")
      #expect(checkpoint.config?.value == [:])
    }
    #expect(unsafe chmod(path, 0o700) == 0)
  }

  @Test func readsShards() throws {
    try twoShards()
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.tensors.map(\.name) == ["a", "b", "c"])
    #expect(checkpoint.files.map(\.path) == [folder(Self.one), folder(Self.two)])
    #expect(checkpoint.file(of: "c")?.path == folder(Self.two))
    #expect(checkpoint.index?.shardNames == [Self.one, Self.two])
    #expect(checkpoint.config == nil)
    #expect(try checkpoint.bytes(of: "b") == [1])
    try checkpoint.checkUnchanged()
    #expect(throws: WeightsError(.unknownTensor, "")) { try checkpoint.bytes(of: "d") }
  }

  @Test func readsTotals() throws {
    try shard("only.safetensors", ["a", "b"])
    let map = [("a", "only.safetensors"), ("b", "only.safetensors")]
    try index(map, metadata: #"{"total_size":2.0,"total_parameters":2,"format":"pt"}"#)
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.index?.totalByteCount == 2)
    #expect(checkpoint.index?.totalParameterCount == 2)
    #expect(checkpoint.remarks.isEmpty)

    try index(map, metadata: #"{"total_size":8}"#)
    #expect(
      try Checkpoint(path: folder.path).remarks.map(\.description) == [
        "\(folder(Self.indexName)): metadata.total_size is 8, the tensors have 2"
      ])
  }

  @Test func prefersModelSafetensorsAndRemarksOnTheRest() throws {
    try shard("model.safetensors", ["a"])
    try shard("normalizer.safetensors", ["b"])
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.tensors.map(\.name) == ["a"])
    #expect(checkpoint.remarks.map(\.code) == [.checkpointUnused])
    #expect(
      checkpoint.remarks[0].description
        == "\(folder.path): not part of the checkpoint: \"normalizer.safetensors\"")
  }

  @Test func readsSnapshotsOfTheHubCache() throws {
    try folder.makeFolder("models--x/blobs")
    try folder.makeFolder("models--x/snapshots/rev")
    try shard("models--x/blobs/aaaa", ["a"])
    try folder.write(Array("{}".utf8), to: "models--x/blobs/bbbb")
    try folder.link("models--x/snapshots/rev/model.safetensors", to: "../../blobs/aaaa")
    try folder.link("models--x/snapshots/rev/config.json", to: "../../blobs/bbbb")
    for path in ["models--x/snapshots/rev", "models--x/snapshots/rev/model.safetensors"] {
      let checkpoint = try Checkpoint(path: folder(path))
      #expect(checkpoint.tensors.map(\.name) == ["a"])
      #expect(checkpoint.config?.value == [:])
    }
    expectError(
      .checkpointEmpty,
      "models--x: no safetensors file in the folder; this is a repository of the Hugging Face "
        + "cache: give a folder in its snapshots", kind: .notFound, in: folder.path
    ) { () throws(WeightsError) in _ = try Checkpoint(path: folder("models--x")) }
  }

  // MARK: which files are the checkpoint

  @Test func rejectsEmptyFolder() throws {
    expect(
      .checkpointEmpty, "\(folder.path): no safetensors file in the folder", kind: .notFound)
    try folder.write([0x80], to: "pytorch_model.bin")
    expect(
      .checkpointEmpty,
      "\(folder.path): no safetensors file in the folder, but \"pytorch_model.bin\": load it with "
        + "torch.load(…, weights_only=True) and save it with safetensors.torch.save_file",
      kind: .notFound)
  }

  @Test func rejectsMissingPath() {
    expectError(
      .fileNotFound, "absent: cannot be opened: no such file or folder", kind: .notFound,
      in: folder.path
    ) { () throws(WeightsError) in _ = try Checkpoint(path: folder("absent")) }
  }

  @Test func rejectsSeveralFilesWithoutIndex() throws {
    try shard("a.safetensors", ["a"])
    try shard("b.safetensors", ["b"])
    expect(
      .checkpointAmbiguous,
      "\(folder.path): 2 safetensors files (\"a.safetensors\", \"b.safetensors\") without an "
        + "index: give the path of one file")
  }

  @Test func rejectsShardsWithoutIndex() throws {
    try shard(Self.one, ["a"])
    expect(
      .checkpointIndexMissing,
      "\(folder.path): \"\(Self.one)\" is a shard, but there is no \(Self.indexName); "
        + "download the index too")
  }

  @Test func rejectsSeveralIndexes() throws {
    try folder.write(Array("{}".utf8), to: "a.safetensors.index.json")
    try folder.write(Array("{}".utf8), to: "b.safetensors.index.json")
    expect(
      .checkpointAmbiguous,
      "\(folder.path): 2 indexes (\"a.safetensors.index.json\", \"b.safetensors.index.json\"), "
        + "expected \(Self.indexName) or only one; give the path of one file")
  }

  @Test func rejectsSingleFileBesideShards() throws {
    try twoShards()
    try shard("model.safetensors", ["a", "b", "c"])
    expect(
      .checkpointAmbiguous,
      "\(folder.path): both model.safetensors and an index that does not name it: give the path "
        + "of the file, or move one of them away")
  }

  @Test func rejectsShardsTheIndexDoesNotName() throws {
    try twoShards()
    try shard("model-00003-of-00003.safetensors", ["d"])
    expect(
      .checkpointShardUnknown,
      "\(Self.indexName): the folder has shards that the index does not name: "
        + "\"model-00003-of-00003.safetensors\"", details: ["model-00003-of-00003.safetensors"])
  }

  // MARK: shard names

  @Test(arguments: [
    "../x.safetensors", "a/../../x.safetensors", "/abs.safetensors", "C:x.safetensors",
    "..\\\\x.safetensors", "%2e%2e%2fx.safetensors", "", ".", "..", "x\\u0000.safetensors",
    "x.safetensors/", ".hidden.safetensors", "model.bin", "a b.safetensors", "ä.safetensors",
    "x\\n.safetensors",
  ])
  func rejectsShardNamesThatAreNotPlain(literal: String) throws {
    try index([("a", literal)])
    let name = try #require(try StrictJSON.parse("\"\(literal)\"").string)
    expect(
      .checkpointShardName,
      "\(Self.indexName): tensor \"a\": file \(name.quoted) in weight_map, expected a plain name "
        + "ending in .safetensors")
  }

  @Test func rejectsLinksFoldersAndPipesAsShards() throws {
    try twoShards()
    try FileManager.default.removeItem(atPath: folder(Self.two))
    try shard("elsewhere", ["c"])
    try folder.link(Self.two, to: "elsewhere")
    expect(
      .fileLink,
      "\(Self.two): is a symbolic link to \"elsewhere\": links are followed only in a Hugging Face "
        + "cache; give the path of the file itself, or copy it here")
    try FileManager.default.removeItem(atPath: folder(Self.two))
    try folder.makeFolder(Self.two)
    expect(.fileNotRegular, "\(Self.two): expected a regular file, found a folder")
    try FileManager.default.removeItem(atPath: folder(Self.two))
    #expect(unsafe mkfifo(folder(Self.two), 0o600) == 0)
    expect(.fileNotRegular, "\(Self.two): expected a regular file, found a pipe")
  }

  // MARK: index against shards

  @Test func listsMissingShards() throws {
    try twoShards()
    try FileManager.default.removeItem(atPath: folder(Self.one))
    try FileManager.default.removeItem(atPath: folder(Self.two))
    expect(
      .checkpointShardMissing,
      "\(Self.indexName): shards are missing, 2 of 2: \"\(Self.one)\", \"\(Self.two)\"",
      kind: .notFound, details: [Self.one, Self.two])
  }

  @Test func rejectsTensorsNoShardHas() throws {
    try shard("x.safetensors", ["a"])
    try index([("a", "x.safetensors"), ("b", "x.safetensors"), ("c", "x.safetensors")])
    expect(
      .checkpointTensorMissing,
      "\(Self.indexName): tensor \"b\": index says \"x.safetensors\", found in no shard (and 1 "
        + "more tensors like it)",
      details: [
        "tensor \"b\": index says \"x.safetensors\", found in no shard",
        "tensor \"c\": index says \"x.safetensors\", found in no shard",
      ])
  }

  @Test func rejectsTensorsTheIndexDoesNotHave() throws {
    try shard("x.safetensors", ["a", "b"])
    try index([("a", "x.safetensors")])
    expect(
      .checkpointTensorUnknown,
      "\(Self.indexName): tensor \"b\": in \"x.safetensors\", but not in the index")
  }

  @Test func rejectsTensorsInTwoShards() throws {
    try shard("x.safetensors", ["a", "b"])
    try shard("y.safetensors", ["b"])
    try index([("a", "x.safetensors"), ("b", "y.safetensors")])
    expect(
      .checkpointTensorTwice,
      "\(Self.indexName): tensor \"b\": in several shards: \"x.safetensors\", \"y.safetensors\"")
  }

  @Test func rejectsTensorsInAnotherShardThanTheIndexSays() throws {
    try shard("x.safetensors", ["a", "b"])
    try shard("y.safetensors", ["c"])
    try index([("a", "x.safetensors"), ("b", "y.safetensors"), ("c", "x.safetensors")])
    expect(
      .checkpointTensorMisplaced,
      "\(Self.indexName): tensor \"b\": index says \"y.safetensors\", found in \"x.safetensors\" "
        + "(and 1 more tensors like it)")
  }

  @Test(arguments: [
    (
      ["m-00001-of-00003.safetensors", "m-00003-of-00003.safetensors"],
      "\"m-00001-of-00003.safetensors\" is one of 3 shards, the index names 2: numbers 1, 3"
    ),
    (
      ["m-00000-of-00002.safetensors", "m-00001-of-00002.safetensors"],
      "\"m-00000-of-00002.safetensors\" is one of 2 shards, the index names 2: numbers 0, 1"
    ),
    (
      ["m-00001-of-00002.safetensors", "m-00002-of-00003.safetensors"],
      "\"m-00001-of-00002.safetensors\" and \"m-00002-of-00003.safetensors\" are of different sets"
    ),
    (
      ["m-00001-of-00002.safetensors", "n-00002-of-00002.safetensors"],
      "\"m-00001-of-00002.safetensors\" and \"n-00002-of-00002.safetensors\" are of different sets"
    ),
    (
      ["m-00001-of-00002.safetensors", "other.safetensors"],
      "\"m-00001-of-00002.safetensors\" is one of 2 shards, \"other.safetensors\" is not"
    ),
  ])
  func rejectsShardSetsWithGapsOrDisagreement(names: [String], message: String) throws {
    try index(names.enumerated().map { ("t\($0)", $1) })
    expect(.checkpointShardSet, "\(Self.indexName): \(message)")
  }

  // MARK: the index itself

  @Test(arguments: [
    ("[]", "index is an array, expected an object"),
    ("{}", "weight_map is missing, expected an object from tensors to files"),
    (#"{"weight_map":{}}"#, "weight_map is empty, expected an object from tensors to files"),
    (#"{"weight_map":[]}"#, "weight_map is an array, expected an object from tensors to files"),
    (
      #"{"weight_map":{"a":1}}"#,
      "tensor \"a\": file in weight_map is 1, expected a string"
    ),
    (
      #"{"weight_map":{"a":"x.safetensors"},"metadata":3}"#,
      "metadata is 3, expected an object"
    ),
    (
      #"{"weight_map":{"a":"x.safetensors"},"metadata":{"total_size":-1}}"#,
      "metadata.total_size is -1, expected a count"
    ),
    (
      #"{"weight_map":{"a":"x.safetensors"},"metadata":{"total_parameters":1.5}}"#,
      "metadata.total_parameters is 1.5, expected a count"
    ),
    (
      #"{"weight_map":{"a":"x.safetensors"},"more":1}"#,
      "unknown key \"more\", expected metadata and weight_map only"
    ),
  ])
  func rejectsWhatIsNoIndex(text: String, message: String) throws {
    try indexText(text)
    expect(.checkpointIndex, "\(Self.indexName): \(message)")
  }

  @Test func rejectsIndexBombs() throws {
    let cases: [(String, WeightsError.Code)] = [
      (#"{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}"#, .jsonDuplicateKey),
      (String(repeating: "[", count: 100_000), .jsonDepth),
      (
        #"{"weight_map":["# + Array(repeating: "0", count: 200_000).joined(separator: ",") + "]}",
        .jsonTooManyValues
      ),
      (#"{"weight_map":{"":"x.safetensors"}}"#, .safetensorsNameEmpty),
      (#"{"weight_map":{"a\u001b":"x.safetensors"}}"#, .safetensorsNameControl),
    ]
    for (text, code) in cases {
      try indexText(text)
      #expect(throws: WeightsError(code, "")) { try Checkpoint(path: folder.path) }
    }
  }

  @Test func namesTheBrokenShardAndConfig() throws {
    try twoShards()
    try folder.write([1, 2, 3], to: Self.two)
    expect(
      .safetensorsTooShort,
      "\(Self.two): 3 bytes, expected at least the 8 of the header length")
    try shard(Self.two, ["c"])
    try folder.write(Array("{".utf8), to: "config.json")
    expect(
      .jsonTruncated,
      "config.json: line 1, column 2: expected a key in double quotes, found the end of the text")
  }
}
