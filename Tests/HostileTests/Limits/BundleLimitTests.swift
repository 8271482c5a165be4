import DVLABundles
import DVLADiagnostics
import DVLAHostileCorpus
import DVLAJSON
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Limits of bundles and goldens.
struct BundleLimitTests {
  /// Sparse files of a gigabyte: nothing of them is read.
  @Test func ofGoldenInputs() throws {
    let scratch = try ScratchFolder()
    for (dtype, width, limit) in [("F32", 4, 1 << 28), ("I64", 8, 1 << 24)] {
      expectLimit("golden.tensor", limit) { (count) throws(WeightsError) in
        let bytes = count * width
        let text =
          #"{"in.x":{"dtype":"\#(dtype)","shape":[\#(count)],"data_offsets":[0,\#(bytes)]}}"#
        let header = [UInt8(text.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(text.utf8)
        _ = try Golden(path: scratch.putSparse(header, byteCount: header.count + bytes))
      }
    }
  }

  /// What takes 2 bytes of the file takes 200 of memory.
  @Test func ofTheDocumentsOfABundle() throws {
    let scratch = try ScratchFolder()
    let sound = try #require(HostileCase.all.first { $0.door == .bundle && $0.group == "E0" })
    guard case .file(let contents) = sound.content else { return }
    let opened = try OpenedBundle(contents())
    let documents: [(String, Int, within: WeightsError.Code?)] = [
      ("configuration", 200_000, nil), ("recipe", 200_000, nil), ("provenance", 1_000_000, nil),
      ("ledger", 2_000_000, nil), ("assets", 200_000, "json.type"),
      ("tensors", 2_000_000, "json.type"),
    ]
    for (key, limit, within) in documents {
      // The list around them is a value too.
      expectLimit("json.too-many-values", limit - 1, within: within) {
        (count) throws(WeightsError) in
        var bundle = opened
        if key == "tensors" { bundle.rows = [] }
        let zeros = Array(repeating: "0", count: count).joined(separator: ",")
        bundle.setMetadata(key, .string("[\(zeros)]"))
        let path = try scratch.put(bundle.bytes())
        _ = try WeightBundle(path: path)
      }
    }
  }

  /// What takes 3 bytes of the file takes 800 of memory.
  @Test func ofTheObjectsInTheDocumentsOfABundle() throws {
    let scratch = try ScratchFolder()
    let documents: [(String, Int, within: WeightsError.Code?)] = [
      ("configuration", 20_000, nil), ("recipe", 20_000, nil), ("provenance", 100_000, nil),
      ("ledger", 400_000, nil), ("assets", 20_000, "json.missing-key"),
      ("tensors", 400_000, "json.missing-key"),
    ]
    let sound = try OpenedBundle.oneFrame()
    for (key, limit, within) in documents {
      expectLimit("json.too-many-objects", limit, within: within) {
        (count) throws(WeightsError) in
        var bundle = sound
        if key == "tensors" { bundle.rows = [] }
        let objects = Array(repeating: "{}", count: count).joined(separator: ",")
        bundle.setMetadata(key, .string("[\(objects)]"))
        _ = try WeightBundle(path: scratch.put(bundle.bytes()))
      }
    }
  }

  /// A frame may have empty blocks, of 3 bytes each.
  @Test func ofChunks() throws {
    let scratch = try ScratchFolder()
    let sound = try OpenedBundle.oneFrame()
    let values = (0..<100).map { UInt8($0) }
    let checksum = Array(try OpenedBundle.frame(of: values).suffix(4))
    expectLimit("bundle.chunk-size", 100 + 64) { (count) throws(WeightsError) in
      let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x24, 100]
      let last: [UInt8] = [100 << 3 & 0xFF | 1, 100 >> 5, 0]
      let whole = magic.count + last.count + values.count + checksum.count
      let empty = [UInt8](repeating: 0, count: (count - whole) / 3 * 3)
      let excess = [UInt8](repeating: 0, count: (count - whole) % 3)
      var bundle = sound
      bundle.store(magic + empty + last + values + checksum + excess)
      let path = try scratch.put(bundle.bytes())
      try WeightBundle(path: path).load(threads: 1) { (_, bytes) throws(WeightsError) in
        let found = bytes.withBytes { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
        #expect(found == values)
      }
    }
  }

  @Test func ofAssets() {
    func plan(_ name: String, _ size: Int = 1) -> BundleAssetPlan {
      BundleAssetPlan(
        family: "f", fileName: name, role: .statistics, byteCount: size, source: "s")
    }
    expectLimit("bundle.asset-count", BundleLayout.assetCount) { (count) throws(WeightsError) in
      try BundleAssetPlan.check((0..<count).map { plan("a\($0 + 100)") })
    }
    expectLimit("bundle.asset-size", BundleLayout.assetByteCount) { (count) throws(WeightsError) in
      try BundleAssetPlan.check([plan("a", count)])
    }
    expectLimit("bundle.asset-name", 120) { (count) throws(WeightsError) in
      try BundleAssetPlan.check([plan(String(repeating: "n", count: count))])
    }
  }
}
