import BundleFormat
import Diagnostics
import Glibc
import Parallelism
import StrictJSON
import TensorCore

/// Packing chunks, and loading what was packed from the page cache.
enum BundleStages {
  /// One kind of bundle: elements of one type, packed one way.
  private struct Kind {
    let data: String
    let dtype: DType
    let packing: BundlePacking
    let bytes: [UInt8]
  }

  static func all(_ weights: WeightData, int8: [UInt8], in folder: String) throws -> [Stage] {
    let kinds = [
      Kind(data: "BF16", dtype: .bf16, packing: .packed(smallest: false), bytes: weights.bf16),
      Kind(data: "F32", dtype: .f32, packing: .packed(smallest: false), bytes: weights.f32),
      Kind(data: "INT8", dtype: .i8, packing: .packed(smallest: false), bytes: int8),
      Kind(data: "INT8 --smallest", dtype: .i8, packing: .packed(smallest: true), bytes: int8),
      Kind(data: "BF16 --store", dtype: .bf16, packing: .store, bytes: weights.bf16),
    ]
    var stages: [Stage] = []
    for kind in kinds { stages.append(try packing(kind)) }
    for kind in kinds { stages += try loading(kind, in: folder) }
    return stages
  }

  private static func packing(_ kind: Kind) throws -> Stage {
    let source = try TensorBytes(copying: kind.bytes)
    let stored = try pack(source, kind).reduce(0) { $0 + $1.stored.count }
    return Stage(
      name: "pack", data: kind.data, byteCount: source.byteCount,
      compression: Double(source.byteCount) / Double(stored)
    ) { team in
      let packers = try (0..<team.threads).map { _ in try Packer() }
      team.forEachPart(of: source.byteCount) { part, worker in
        source.withBytes { _ = packers[worker].pack($0.extracting(part), kind.dtype, kind.packing) }
      }
    }
  }

  private static func pack(_ source: TensorBytes, _ kind: Kind) throws -> [PackedChunk] {
    let packer = try Packer()
    return stride(from: 0, to: source.byteCount, by: partByteCount).map { start in
      let part = start..<min(start + partByteCount, source.byteCount)
      return source.withBytes { packer.pack($0.extracting(part), kind.dtype, kind.packing) }
    }
  }

  /// Each worker has its own.
  private final class Packer: @unchecked Sendable {
    private var packer: ChunkPacker
    init() throws { packer = try ChunkPacker() }

    func pack(_ bytes: RawSpan, _ dtype: DType, _ packing: BundlePacking) -> PackedChunk {
      do { return try packer.pack(bytes, dtype: dtype, packing: packing) } catch {
        fatalError("\(error)")
      }
    }
  }

  private static func loading(_ kind: Kind, in folder: String) throws -> [Stage] {
    let path = "\(folder)/\(kind.data.filter { $0 != " " }).dvla.safetensors"
    let bundle = try write(kind, to: path)
    let tensors = bundle.bundleTensors
    var stages = [
      Stage(name: "load", data: kind.data, byteCount: kind.bytes.count, peer: .freshCopy) { team in
        try bundle.load(threads: team.threads) { _, _ in }
      },
      Stage(
        name: "load one tensor", data: kind.data, byteCount: tensors[1].info.byteCount,
        peer: .freshCopy
      ) { team in _ = try bundle.bytes(of: tensors[1], threads: team.threads) },
    ]
    return stages
  }

  /// A bundle of eight tensors.
  private static func write(_ kind: Kind, to path: String) throws -> Bundle {
    let source = try TensorBytes(copying: kind.bytes)
    let count = source.byteCount / 8 / (kind.dtype.bitWidth / 8)
    let plans = (0..<8).compactMap {
      TensorInfo(name: TensorName("t\($0)"), dtype: kind.dtype, shape: [count]).map {
        BundleTensorPlan($0)
      }
    }
    let empty: JSONValue = [:]
    let writer = try BundleWriter(
      path: path, overwrite: true,
      documents: BundleDocuments(
        family: "benchmark", configuration: empty, recipe: empty, provenance: empty, ledger: empty),
      plans: plans, packing: kind.packing)
    let chunks = try pack(source, kind)
    for tensor in 0..<8 {
      let each = chunks.count / 8
      try writer.append(Array(chunks[tensor * each..<(tensor + 1) * each]), toTensor: tensor)
    }
    _ = try writer.finish()
    return try Bundle(path: path)
  }
}
