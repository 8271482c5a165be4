import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLAParallelism
import DVLATensors
import Foundation

/// A tensor with its bytes, to be put into a bundle.
struct TestTensor: Sendable {
  let info: TensorInfo
  let bytes: [UInt8]

  /// Bytes that resemble weights: words whose exponents are few and whose mantissas are not.
  init(_ name: String, _ dtype: DType, _ shape: Shape, seed: UInt64 = 1) throws {
    guard let info = TensorInfo(name: TensorName(name), dtype: dtype, shape: shape) else {
      throw WeightsError(.bundleShape, .malformed, "no such tensor")
    }
    self.info = info
    var generator = Xorshift(seed: seed)
    bytes = (0..<info.byteCount).map { index in
      let byte = generator.next()
      guard let width = dtype.byteWidth, dtype.isConvertibleFloat else { return byte }
      return index % width == width - 1 ? 0x3C | byte & 0x83 : byte
    }
  }

  init(_ name: String, _ dtype: DType, _ shape: Shape, bytes: [UInt8]) throws {
    guard let info = TensorInfo(name: TensorName(name), dtype: dtype, shape: shape),
      info.byteCount == bytes.count
    else { throw WeightsError(.bundleShape, .malformed, "no such tensor") }
    self.info = info
    self.bytes = bytes
  }
}

/// An asset with its bytes, to be put into a bundle.
struct TestAsset: Sendable {
  let plan: BundleAssetPlan
  let bytes: [UInt8]

  init(_ family: String, _ fileName: String, _ role: BundleAsset.Role, _ bytes: [UInt8]) {
    plan = BundleAssetPlan(
      family: family, fileName: fileName, role: role, byteCount: bytes.count,
      source: "folder/" + fileName)
    self.bytes = bytes
  }

  /// Text, as most assets are.
  init(_ family: String, _ fileName: String, _ role: BundleAsset.Role, count: Int, seed: UInt64 = 1)
  {
    var generator = Xorshift(seed: seed)
    self.init(family, fileName, role, (0..<count).map { _ in 0x61 + generator.next() % 12 })
  }
}

/// Marsaglia's 64-bit xorshift: the same bytes on every machine.
struct Xorshift {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func nextWord() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func next() -> UInt8 { UInt8(truncatingIfNeeded: nextWord() >> 32) }
}

let testDocuments = BundleDocuments(
  family: "dinov2", configuration: ["hidden_size": 8], recipe: ["rules": []],
  provenance: ["tool": "tests"], ledger: [])

/// Writes a bundle the way a converter does: chunks packed on threads, written in order.
@discardableResult
func writeBundle(
  _ tensors: [TestTensor], assets: [TestAsset] = [], to path: String,
  packing: BundlePacking = .packed(smallest: false),
  threads: Int = 1, documents: BundleDocuments = testDocuments
) throws -> Digest {
  let writer = try BundleWriter(
    path: path, overwrite: true, documents: documents,
    assets: assets.map(\.plan),
    plans: tensors.map {
      BundleTensorPlan($0.info, source: ["tensor": .string($0.info.name.string)])
    }, packing: packing)
  for asset in assets { try writer.append(asset: asset.bytes) }
  let chunks = tensors.enumerated().flatMap { index, tensor in
    stride(from: 0, to: tensor.bytes.count, by: BundleLayout.chunkByteCount).map { (index, $0) }
  }
  try OrderedWork.run(
    items: chunks.count, threads: threads,
    makeScratch: { () throws(WeightsError) in try ChunkPacker() },
    work: { item, packer throws(WeightsError) -> PackedChunk in
      let (index, start) = chunks[item]
      let tensor = tensors[index]
      let end = min(start + BundleLayout.chunkByteCount, tensor.bytes.count)
      return try packer.pack(
        unsafe tensor.bytes.span.bytes.extracting(start..<end), dtype: tensor.info.dtype,
        packing: packing)
    },
    consume: { item, chunk throws(WeightsError) in
      try writer.append([chunk], toTensor: chunks[item].0)
    })
  return try writer.finish()
}

extension OpenedBundle {
  /// A sound bundle of those tensors and assets, taken apart.
  init(
    _ tensors: [TestTensor], assets: [TestAsset] = [],
    _ packing: BundlePacking = .packed(smallest: false)
  ) throws {
    let folder = try TemporaryFolder()
    try writeBundle(tensors, assets: assets, to: folder("sound"), packing: packing)
    try self.init(folder.bytes(of: "sound"))
  }
}

/// A fresh folder for one test, removed with everything in it when the test ends.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("bundle-format-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
    return self(name)
  }

  func bytes(of name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: self(name))))
  }

  var entries: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

extension TensorBytes {
  var array: [UInt8] { withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } } }
}

extension TensorSource {
  func bytes(of name: TensorName, _ range: Range<Int>) throws(WeightsError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: range.count)
    var span = result.mutableSpan
    var raw = unsafe span.mutableBytes
    try read(name, at: range.lowerBound, into: &raw)
    return result
  }
}
