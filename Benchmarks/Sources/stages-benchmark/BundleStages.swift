import DVLABundles
import DVLACompression
import DVLADiagnostics
import Glibc
import DVLAKernels
import DVLAParallelism
import DVLAJSON
import DVLATensors

/// Packing chunks, and loading what was packed from the page cache.
enum BundleStages {
  /// One kind of bundle: elements of one type, packed one way.
  private struct Kind {
    let data: String
    let dtype: DType
    let packing: BundlePacking
    let bytes: [UInt8]

    var hasWindow: Bool { packing == .packed(smallest: true) && dtype != .i8 }
  }

  static func all(_ weights: WeightData, int8: [UInt8], in folder: String) throws -> [Stage] {
    let kinds = [
      Kind(data: "BF16", dtype: .bf16, packing: .packed(smallest: false), bytes: weights.bf16),
      Kind(data: "F32", dtype: .f32, packing: .packed(smallest: false), bytes: weights.f32),
      Kind(data: "INT8", dtype: .i8, packing: .packed(smallest: false), bytes: int8),
      Kind(data: "INT8 --smallest", dtype: .i8, packing: .packed(smallest: true), bytes: int8),
      Kind(
        data: "BF16 --smallest", dtype: .bf16, packing: .packed(smallest: true),
        bytes: weights.bf16),
      Kind(
        data: "F32 --smallest", dtype: .f32, packing: .packed(smallest: true), bytes: weights.f32),
      Kind(data: "BF16 --store", dtype: .bf16, packing: .store, bytes: weights.bf16),
    ]
    var stages: [Stage] = []
    for kind in kinds {
      // With a window two frames are made of some chunks: the choice is part of packing.
      if kind.packing != .store, !kind.hasWindow { stages.append(try compression(kind)) }
      stages.append(try packing(kind))
    }
    for kind in kinds { stages += try loading(kind, in: folder) }
    return stages
  }

  /// The codec alone: planes, coding, the frame's checksum. What other libraries do.
  private static func compression(_ kind: Kind) throws -> Stage {
    let source = try TensorBytes(copying: kind.bytes)
    return Stage(name: "compress", data: kind.data, byteCount: source.byteCount) { team in
      let codecs = try (0..<team.threads).map { _ in try Codec() }
      team.forEachPart(of: source.byteCount) { part, worker in
        source.withBytes {
          codecs[worker].compress($0.extracting(part), kind.packing, kind.dtype)
        }
      }
    }
  }

  /// Each worker has its own.
  private final class Codec: @unchecked Sendable {
    private let compressor: ZstdCompressor
    private let planes: TensorBytes
    private var frame: [UInt8] = []

    init() throws {
      compressor = try ZstdCompressor()
      planes = try TensorBytes(byteCount: partByteCount)
    }

    func compress(_ bytes: RawSpan, _ packing: BundlePacking, _ dtype: DType) {
      frame.removeAll(keepingCapacity: true)
      let order = packing.planes(for: dtype)
      do {
        if order == .none {
          try compressor.compress(
            bytes, mode: packing == .packed(smallest: true) ? .entropy : .raw,
            appendingTo: &frame)
        } else {
          planes.withMutableBytes(in: 0..<bytes.byteCount) {
            BytePlanes.split(bytes, width: order.count, into: &$0)
          }
          try planes.withBytes {
            _ = try compressor.compress(
              $0.extracting(0..<bytes.byteCount), runByteCount: bytes.byteCount / order.count,
              mode: .entropy, appendingTo: &frame)
          }
        }
      } catch { fatalError("\(error)") }
    }
  }

  private static func packing(_ kind: Kind) throws -> Stage {
    let source = try TensorBytes(copying: kind.bytes)
    let stored = try pack(source, kind).reduce(0) { $0 + $1.stored.count }
    return Stage(
      name: "pack", data: kind.data, byteCount: source.byteCount,
      compression: Double(source.byteCount) / Double(stored),
      entropyLimit: kind.dtype == .i8 ? 8 / entropy(kind.bytes) : nil
    ) { team in
      let packers = try (0..<team.threads).map { _ in try Packer() }
      team.forEachPart(of: source.byteCount) { part, worker in
        source.withBytes { _ = packers[worker].pack($0.extracting(part), kind.dtype, kind.packing) }
      }
    }
  }

  /// Bits a byte that a code for single bytes cannot go below.
  private static func entropy(_ bytes: [UInt8]) -> Double {
    var counts = [Double](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    return counts.filter { $0 > 0 }.reduce(0) {
      $0 - $1 / Double(bytes.count) * log2($1 / Double(bytes.count))
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
    var stages = [
      Stage(name: "load", data: kind.data, byteCount: kind.bytes.count, peer: .freshCopy) { team in
        try bundle.load(threads: team.threads) { _, _ in }
      }
    ]
    if kind.packing == .store {
      let mapped = try WeightBundle(path: path, mapping: true)
      stages.append(
        Stage(name: "map", data: kind.data, byteCount: kind.bytes.count) { team in
          try mapped.load(threads: team.threads) { _, _ in }
        })
    }
    return stages
  }

  /// A bundle of eight tensors.
  private static func write(_ kind: Kind, to path: String) throws -> WeightBundle {
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
    return try WeightBundle(path: path)
  }
}
