public import DVLADiagnostics
import DVLAFiles
import DVLAKernels
import DVLAParallelism
import DVLATensors

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
  ///   - checks: what stored chunks are held against. Whoever has just written them needs no
  ///     SHA-256 to see that they arrived.
  ///   - progress: called on the calling thread with the bytes of the file checked so far.
  /// - Throws: what prevents checking: `file.*` (also when the file changes meanwhile),
  ///   `zstd.memory`, `parallelism.no-threads`.
  public func verify(
    threads: Int, _ checks: [ChunkCheck] = [.digest, .checksum], progress: (Int) -> Void = { _ in }
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
    progress(done)

    file.adviseSequential()
    let tensors = assetTensors + bundleTensors
    var damagedAssets: Set<String> = []
    var nonFinite: [NonFiniteValues] = []
    let plan = ChunkPlan(tensors, stepChunkCount: 1)
    let (file, path) = (file, path)
    try OrderedWork.run(
      items: plan.steps.count, threads: threads,
      makeScratch: { () throws(WeightsError) in try ChunkVerifier(checks) },
      work: { item, verifier throws(WeightsError) -> (FloatScan?, WeightsError?) in
        let step = plan.steps[item]
        guard let chunk = step.chunks.first else { return (nil, nil) }
        do throws(WeightsError) {
          return (try verifier.check(chunk, of: tensors[step.tensor], in: file), nil)
        } catch {
          let error = error.at(chunk: chunk, of: tensors[step.tensor], in: path)
          guard error.isDamage else { throw error }
          return (nil, error)
        }
      },
      consume: { item, found throws(WeightsError) in
        let (scan, error) = found
        let step = plan.steps[item]
        guard let chunk = step.chunks.first else { return }
        let tensor = tensors[step.tensor]
        var range = tensor.chunks[chunk].storedRange
        if step.isLast { range = range.lowerBound..<tensor.filler.upperBound }
        if let error {
          let asset = tensor.assetName
          if let asset { damagedAssets.insert(asset) }
          record(
            BundleDamage(
              tensor: asset == nil ? tensor.name : nil, asset: asset, chunk: chunk,
              fileRange: range,
              byteRange: tensor.chunks[chunk].byteRange, error: error))
        }
        if let scan { nonFinite.add(scan, of: tensor, chunk: chunk) }
        done += range.count
        progress(done)
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
          "expected the header to have the root hash \(root) it had when opened, found \(found)")
      }
      return nil
    } catch {
      guard error.isDamage else { throw error }
      return error.inFile(path)
    }
  }
}

extension WeightsError {
  /// Whether the bytes are wrong, rather than out of reach.
  fileprivate var isDamage: Bool { kind == .malformed && !code.rawValue.hasPrefix("file.") }
}
