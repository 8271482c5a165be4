public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
import DVLAKernels
import DVLAParallelism
public import DVLATensors

/// What `verify` found.
public struct BundleVerification: Sendable {
  /// The root hash of the bundle.
  public let root: Digest
  public let tensorCount: Int
  public let assetCount: Int
  /// Chunks of tensors and assets.
  public let chunkCount: Int
  /// Bytes of the file, every one of which was checked.
  public let byteCount: Int
  /// Bytes of the tensors, decoded.
  public let tensorByteCount: Int
  /// Bytes of the assets, decoded.
  public let assetByteCount: Int
  /// How many places are damaged.
  public let damageCount: Int
  /// The first of them, in the order of the file.
  public let damages: [BundleDamage]
  /// The tensors with a NaN or an infinity in chunks that are sound, in the order of the file.
  public let nonFinite: [NonFiniteValues]

  public var isIntact: Bool { damageCount == 0 }
}

/// A place where a bundle is not what it was when it was written.
public struct BundleDamage: Sendable, CustomStringConvertible {
  /// The damaged tensor; nil for an asset and for the header.
  public let tensor: TensorName?
  /// The name of the damaged asset; nil for a tensor and for the header.
  public let asset: String?
  /// The damaged chunk of it; nil for the header, and for an asset that is not the one the header
  /// states although its chunks are.
  public let chunk: Int?
  /// Which bytes of the file were checked together and are not right.
  public let fileRange: Range<Int>
  /// Which bytes of the tensor or asset they hold.
  public let byteRange: Range<Int>?
  /// The rule that is broken, with file, tensor, chunk and byte ranges in its text.
  public let error: WeightsError

  public var description: String { error.description }
}

/// The values of a tensor with which nothing can be computed. They are as they were packed, which
/// is no damage; but a robot cannot use them.
public struct NonFiniteValues: Sendable, Equatable {
  public let tensor: TensorName
  public internal(set) var nanCount: Int
  public internal(set) var infinityCount: Int
  /// Index of the first of them in the tensor, row-major.
  public let first: Int

  /// The error for callers that need finite values; it names the tensor.
  ///
  /// - Parameter file: the path of the bundle.
  public func error(in file: String) -> WeightsError {
    WeightsError(
      .bundleNonFinite, .checkFailed, file: file, tensor: tensor.string,
      "has \(nanCount) NaN and \(infinityCount) infinite values, the first at element \(first); "
        + "all values must be finite")
  }
}

extension [NonFiniteValues] {
  /// Adds what was found in a chunk, chunks in order. Tensors that nothing reads may hold anything.
  mutating func add(_ scan: FloatScan, of tensor: BundleTensor, chunk: Int) {
    guard let first = scan.firstNonFinite, let width = tensor.info.dtype.byteWidth,
      !tensor.name.string.hasPrefix(unusedPrefix)
    else { return }
    if last?.tensor == tensor.name {
      self[count - 1].nanCount += scan.nanCount
      self[count - 1].infinityCount += scan.infinityCount
    } else {
      append(
        NonFiniteValues(
          tensor: tensor.name, nanCount: scan.nanCount, infinityCount: scan.infinityCount,
          first: tensor.chunks[chunk].byteRange.lowerBound / width + first))
    }
  }
}

extension WeightBundle {
  /// Damaged places that a verification lists; beyond them it only counts.
  public static let listedDamageCount = 1000

  /// Checks every byte of the file: the header against its root hash, each stored chunk against
  /// its SHA-256 and XXH3, each frame against its own rules and the checksum of what it decodes to,
  /// each asset against the SHA-256 of the whole, and all filler. Opening has shown that header,
  /// chunks and filler are all there is. On the way it looks for values that are not finite, which
  /// are no damage.
  ///
  /// Damage does not end it: all damaged places are found.
  ///
  /// - Parameters:
  ///   - threads: how many to check on.
  ///   - checks: which hashes of stored chunks are compared. After writing them, the checksum is
  ///     enough to see that they arrived.
  ///   - progress: called on the calling thread with the bytes of the file checked so far.
  /// - Throws: what prevents checking: `file.*` (also when the file changes meanwhile),
  ///   `zstd.memory`, `parallelism.no-threads`.
  public func verify(
    threads: Int, _ checks: [ChunkCheck] = [.digest, .checksum],
    progress: (Int) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> BundleVerification {
    var damages: [BundleDamage] = []
    var damageCount = 0
    func record(_ damage: BundleDamage) {
      damageCount += 1
      if damages.count < Self.listedDamageCount { damages.append(damage) }
    }

    if let error = try headerDamage() {
      record(
        BundleDamage(
          tensor: nil, asset: nil, chunk: nil, fileRange: 0..<headerByteCount, byteRange: nil,
          error: error))
    }
    var done = headerByteCount
    try progress(done)

    file.adviseSequential()
    let tensors = assetTensors + bundleTensors
    var damagedAssets: Set<String> = []
    var nonFinite: [NonFiniteValues] = []
    let chunks = tensors.enumerated().flatMap { position, tensor in
      tensor.chunks.indices.map { (tensor: position, chunk: $0) }
    }
    let groupCount = ChunkVerifier.groupCount
    let groups = stride(from: 0, to: chunks.count, by: groupCount).map { start in
      start..<min(start + groupCount, chunks.count)
    }
    let (file, path) = (file, path)
    try OrderedWork.run(
      items: groups.count, threads: threads,
      makeScratch: { () throws(WeightsError) in try ChunkVerifier(checks) },
      work: { item, verifier throws(WeightsError) -> [Result<FloatScan?, WeightsError>] in
        let group = chunks[groups[item]].map { (index: $0.chunk, tensor: tensors[$0.tensor]) }
        let found = zip(group, verifier.check(group, in: file)).map { chunk, result in
          result.mapError { $0.at(chunk: chunk.index, of: chunk.tensor, in: path) }
        }
        for case .failure(let error) in found where !error.isDamage { throw error }
        return found
      },
      consume: { item, found throws(WeightsError) in
        for (place, result) in zip(groups[item], found) {
          let (tensor, chunk) = (tensors[chunks[place].tensor], chunks[place].chunk)
          var range = tensor.chunks[chunk].storedRange
          if chunk == tensor.chunks.count - 1 {
            range = range.lowerBound..<tensor.filler.upperBound
          }
          switch result {
          case .success(let scan):
            if let scan { nonFinite.add(scan, of: tensor, chunk: chunk) }
          case .failure(let error):
            let asset = tensor.assetName
            if let asset { damagedAssets.insert(asset) }
            record(
              BundleDamage(
                tensor: asset == nil ? tensor.name : nil, asset: asset, chunk: chunk,
                fileRange: range, byteRange: tensor.chunks[chunk].byteRange, error: error))
          }
          done += range.count
        }
        try progress(done)
      })
    for (asset, tensor) in zip(assets, assetTensors) where !damagedAssets.contains(asset.name) {
      guard let error = try damage(of: asset, in: tensor) else { continue }
      record(
        BundleDamage(
          tensor: nil, asset: asset.name, chunk: nil, fileRange: tensor.storedRange,
          byteRange: 0..<asset.byteCount, error: error))
    }
    try file.checkUnchanged()
    return BundleVerification(
      root: root, tensorCount: bundleTensors.count, assetCount: assets.count,
      chunkCount: tensors.reduce(0) { $0 + $1.chunks.count }, byteCount: byteCount,
      tensorByteCount: bundleTensors.reduce(0) { $0 + $1.info.byteCount },
      assetByteCount: assets.reduce(0) { $0 + $1.byteCount }, damageCount: damageCount,
      damages: damages, nonFinite: nonFinite)
  }

  /// What is wrong with an asset whose chunks are sound.
  private func damage(
    of asset: BundleAsset, in tensor: BundleTensor
  ) throws(WeightsError) -> WeightsError? {
    do throws(WeightsError) {
      try check(asset, in: tensor)
      return nil
    } catch {
      guard error.isDamage else { throw error }
      return error
    }
  }

  /// Reads the header again: a bundle may be verified long after it was opened.
  private func headerDamage() throws(WeightsError) -> WeightsError? {
    do throws(WeightsError) {
      let found = try RootHash.check(try file.bytes(at: 0, count: headerByteCount))
      guard found == root else {
        return WeightsError(
          .bundleRoot, .malformed, file: path,
          "the root hash was \(root) when the bundle was opened, but is \(found) now")
      }
      return nil
    } catch {
      guard error.isDamage else { throw error }
      return error.inFile(path)
    }
  }
}

extension WeightBundle {
  /// Checks a bundle that was just written, of which every chunk was read back on the way: that
  /// its header, read from the file, says of the chunks what was found then, and that each asset
  /// is the one it was made of.
  ///
  /// - Throws: `bundle.root`, `bundle.asset-hash`, and for assets as ``bytes(of:)``; `file.*`.
  func check(against written: WrittenChunks, root: Digest) throws(WeightsError) {
    guard self.root == root, written.isTable(of: self) else {
      throw WeightsError(
        .bundleRoot, .malformed, file: path,
        "its header is not the one that was written (expected root hash \(root), found "
          + "\(self.root))")
    }
    for (asset, tensor) in zip(assets, assetTensors) { try check(asset, in: tensor) }
    try file.checkUnchanged()
  }
}

extension WeightsError {
  /// Whether the bytes are wrong, rather than out of reach.
  fileprivate var isDamage: Bool { kind == .malformed && !code.rawValue.hasPrefix("file.") }
}
