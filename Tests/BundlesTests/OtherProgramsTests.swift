import DVLABundles
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// Bundles as other programs see them: the Python reader written from the specification, the
/// safetensors library, and the zstd command.
struct OtherProgramsTests {
  static let python = environment("DEPTHVLA_PYTHON") ?? "python3"
  static let hasPython = run([python, "-c", "import numpy, zstandard, safetensors"]).status == 0
  static let hasZstd = run(["zstd", "--version"]).status == 0
  static let reader = FixtureFolder.path("../Tests/python/read_bundle.py")

  @Test(.enabled(if: hasPython), arguments: RoundTripTests.packings)
  func thePythonReaderReadsTheSameBytes(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let tensors = try RoundTripTests.tensors()
    let root = try writeBundle(
      tensors, assets: AssetTests.assets, to: folder("a"), packing: packing, threads: 2)
    let result = run([Self.python, Self.reader, folder("a")])
    #expect(result.status == 0, "\(result.error)")
    let assets = AssetTests.assets.map { asset in
      "\(SHA256.hash(asset.bytes)) U8 [\(asset.bytes.count)] __asset.\(asset.plan.name)"
    }
    let expected = tensors.map { tensor in
      "\(SHA256.hash(tensor.bytes)) \(tensor.info.dtype.rawValue) \(tensor.info.shape)"
        + " \(tensor.info.name)"
    }
    #expect(result.lines == assets + expected + ["root \(root)"])
  }

  @Test(.enabled(if: hasPython)) func thePythonReaderFindsDamage() throws {
    let folder = try TemporaryFolder()
    try writeBundle([try TestTensor("t", .bf16, [100])], to: folder("a"))
    let sound = try folder.bytes(of: "a")
    let tensor = try #require(try WeightBundle(path: folder("a")).tensor("t"))
    for byte in [
      20, tensor.chunks[0].storedRange.lowerBound, tensor.chunks[0].storedRange.upperBound - 1,
      tensor.filler.lowerBound, tensor.filler.upperBound - 1,
    ] {
      var bytes = sound
      bytes[byte] ^= 1
      try folder.write(bytes, to: "b")
      #expect(run([Self.python, Self.reader, folder("b")]).status == 1, "byte \(byte)")
    }
  }

  /// Both readers refuse the same assets.
  @Test(.enabled(if: hasPython)) func thePythonReaderRefusesHostileAssets() throws {
    let folder = try TemporaryFolder()
    let changes: [(inout OpenedBundle) -> Void] = [
      { $0.setAsset("file", "../x") }, { $0.setAsset("family", "") },
      { $0.setAsset("role", "weights") }, { $0.setAsset("bytes", 41) },
      { $0.setAsset("sha256", .string(SHA256.hash([1]).hex)) }, { $0.setAsset("mode", 1) },
      { $0.setAsset("source", nil) }, { $0.setAsset("source", .null) },
      { $0.setAsset("file", "x\u{202E}") }, { $0.setAsset("file", "x\u{85}") },
      { $0.assets.swapAt(0, 1) }, { $0.assets.removeLast() },
      { $0.rows.swapAt(0, 1) }, { $0.set("source", "x") }, { $0.set("dtype", "I8") },
    ]
    for (number, change) in changes.enumerated() {
      var bundle = try HostileAssetTests.sound()
      change(&bundle)
      try folder.write(bundle.bytes(), to: "b")
      #expect(run([Self.python, Self.reader, folder("b")]).status == 1, "change \(number)")
    }
    try folder.write(HostileAssetTests.sound().bytes(), to: "b")
    #expect(run([Self.python, Self.reader, folder("b")]).status == 0)
  }

  @Test(.enabled(if: hasPython), arguments: RoundTripTests.packings)
  func theSafetensorsLibraryListsIt(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let tensors = [
      try TestTensor("b.weight", .f32, [3, 5]), try TestTensor("a.weight", .bf16, [70_000, 2]),
    ]
    try writeBundle(tensors, to: folder("a"), packing: packing)
    let script = """
      import sys
      from safetensors import safe_open
      with safe_open(sys.argv[1], "np") as file:
          print(file.metadata()["format"])
          for name in sorted(file.keys()):
              print(name, file.get_slice(name).get_dtype(), file.get_slice(name).get_shape())
      """
    let result = run([Self.python, "-c", script, folder("a")])
    let bundle = try WeightBundle(path: folder("a"))
    let expected = ["a.weight", "b.weight"].map { name in
      guard let tensor = bundle.tensor(TensorName(name)) else { return "" }
      return packing == .store
        ? "\(name) \(tensor.info.dtype.rawValue) \(tensor.info.shape)"
        : "\(name) U8 [\(tensor.storedRange.count)]"
    }
    let fillers = packing == .store ? ["__pad.0 U8 [4]"] : []
    #expect(result.lines == ["depthvla-bundle"] + fillers + expected, "\(result.error)")
  }

  /// The entry as it is, filler included: a run of frames like any other.
  @Test(.enabled(if: hasZstd)) func theZstdCommandOpensAnEntry() throws {
    let folder = try TemporaryFolder()
    let tensor = try TestTensor("t", .i8, [600_001], seed: 4)
    try writeBundle([tensor], to: folder("a"))
    let range = try #require(try WeightBundle(path: folder("a")).tensor("t")).storedRange
    #expect(range.count % 64 == 0)
    try folder.write(Array(try folder.bytes(of: "a")[range]), to: "t.zst")
    let result = run(["zstd", "-q", "-d", folder("t.zst")])
    #expect(result.status == 0, "\(result.error)")
    #expect(try folder.bytes(of: "t") == tensor.bytes)
  }
}
