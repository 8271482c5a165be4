import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLATensors

@testable import DVLABundles

extension FuzzTarget {
  /// Our own format. The hashes are made right, so that what lies behind them is reached: an
  /// attacker would do the same.
  static let bundles = [
    FuzzTarget("bundle") { (bytes) throws(WeightsError) in
      file.replace(with: rerooted(bytes))
      let isIntact = try WeightBundle(path: file.path).verify(threads: 1).isIntact
      for check in [ChunkCheck.checksum, .digest] {
        let bundle = try WeightBundle(path: file.path, check: check)
        var loaded = 0
        do throws(WeightsError) {
          try bundle.load(threads: 1) { tensor, bytes in
            demand(bytes.byteCount == tensor.info.byteCount, "the bytes of its shape")
            loaded += 1
          }
          for asset in bundle.assets {
            demand(try bundle.bytes(of: asset).count == asset.byteCount, "the bytes of the asset")
          }
        } catch {
          demand(!isIntact, "verify to find what a load finds: \(error)")
          throw error
        }
        demand(loaded == bundle.bundleTensors.count, "every tensor")
      }
    },
    FuzzTarget("chunk") { (bytes) throws(WeightsError) in
      guard bytes.count > 4 else { return }
      let types: [DType] = [.bf16, .f32, .i8, .f16]
      let dtype = types[Int(bytes[0] & 3)]
      // Two bytes of size: the larger sizes of a chunk take other paths of libzstd.
      var count = Int(bytes[1]) | Int(bytes[2]) << 8
      if bytes[0] & 4 != 0 { count *= 4 }
      count = min(count & ~3, BundleLayout.chunkByteCount)
      let stored = Array(bytes.dropFirst(3))
      guard count > 0, stored.count <= count + BundleLayout.frameOverhead else { return }
      let planes: PlaneOrder =
        switch bytes[0] & 24 {
        case 8: .standard(for: dtype)
        case 24: .smallest(for: dtype)
        default: .none
        }
      guard let width = dtype.byteWidth,
        let info = TensorInfo(name: "t", dtype: dtype, shape: [count / width])
      else { return }
      let tensor = BundleTensor(
        info: info, encoding: .zstd, planes: planes,
        chunks: [
          ChunkRecord(
            storedRange: 0..<stored.count, sha256: SHA256.hash(stored), xxh3: XXH3.hash(stored),
            byteRange: 0..<count)
        ], filler: stored.count..<stored.count, storedSource: nil,
        storedQuantization: nil)
      file.replace(with: stored)
      let input = try InputFile(path: file.path)
      guard let scratch else { fatalError("expected memory for a decompressor") }
      var verifying: WeightsError?
      do throws(WeightsError) { try scratch.verifier.check(0, of: tensor, in: input) } catch {
        verifying = error
      }
      var target = [UInt8](repeating: 0, count: count)
      var span = target.mutableSpan
      var raw = span.mutableBytes
      do throws(WeightsError) {
        try scratch.reader.read(0, of: tensor, in: input, from: 0, into: &raw)
      } catch {
        demand(verifying == error, "verify to find what a read finds: \(error)")
        throw error
      }
      // A read does not compute the checksum in the frame: what it checked is the frame itself.
      demand(
        verifying == nil || verifying?.code == .init("zstd.checksum"), "a read to find the rest")
    },
  ]

  private static let file = MemoryFile()

  /// Kept from run to run, as a load keeps it from chunk to chunk. Unchecked: there is one thread.
  private final class Scratch: @unchecked Sendable {
    let reader: ChunkReader
    let verifier: ChunkVerifier
    init() throws(WeightsError) {
      let verifier = try ChunkVerifier([.digest, .checksum])
      reader = try ChunkReader(.checksum)
      self.verifier = verifier
    }
  }
  private static let scratch = try? Scratch()

  /// The bytes with the right root hash, where they have a place for one.
  private static func rerooted(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 8 else { return bytes }
    let length = bytes.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else { return bytes }
    let end = 8 + Int(length)
    let header = Array(bytes[..<end])
    guard let digits = try? RootHash.digits(in: header) else { return bytes }
    var result = bytes
    result.replaceSubrange(digits, with: RootHash.compute(header, digits: digits).hex.utf8)
    return result
  }
}
