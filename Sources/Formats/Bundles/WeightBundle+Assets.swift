public import DVLADiagnostics
import DVLAHashing
import DVLATensors

extension WeightBundle {
  /// The assets of that role, in the order of the file.
  public func assets(_ role: BundleAsset.Role) -> [BundleAsset] {
    assets.filter { $0.role == role }
  }

  /// The file itself. Each chunk is checked as ``read(_:at:into:)`` checks it, then the whole
  /// against the SHA-256 of the asset.
  ///
  /// An asset has 256 MiB at most, which opening has checked.
  ///
  /// - Throws: `bundle.asset-unknown` for an asset of another bundle; `bundle.asset-hash`; for
  ///   damaged bytes as ``read(_:at:into:)``; `zstd.memory`; `file.*`.
  public func bytes(of asset: BundleAsset) throws(WeightsError) -> [UInt8] {
    guard let index = assets.firstIndex(of: asset) else {
      throw WeightsError(
        .bundleAssetUnknown, .notFound, file: path,
        "expected one of its \(assets.count) assets, found \(asset.name.quoted)")
    }
    let row = assetTensors[index]
    let reader = try ChunkReader(check)
    var bytes = [UInt8](repeating: 0, count: asset.byteCount)
    for (index, chunk) in row.chunks.enumerated() {
      do throws(WeightsError) {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        var target = raw._mutatingExtracting(chunk.byteRange)
        try reader.read(index, of: row, in: file, from: 0, into: &target)
      } catch {
        throw error.at(chunk: index, of: row, in: path)
      }
    }
    try check(SHA256.hash(bytes), of: asset)
    return bytes
  }

  /// Checks an asset as ``bytes(of:)`` does, a chunk at a time: a file of some kilobytes can stand
  /// for 256 MiB.
  ///
  /// - Parameter row: where the bytes of the asset are.
  func check(_ asset: BundleAsset, in row: BundleTensor) throws(WeightsError) {
    let reader = try ChunkReader(check)
    var hash = SHA256()
    var bytes = [UInt8](repeating: 0, count: BundleLayout.chunkByteCount)
    for (index, chunk) in row.chunks.enumerated() {
      do throws(WeightsError) {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        var target = raw._mutatingExtracting(0..<chunk.byteRange.count)
        try reader.read(index, of: row, in: file, from: 0, into: &target)
      } catch {
        throw error.at(chunk: index, of: row, in: path)
      }
      hash.update(unsafe bytes.span.bytes.extracting(0..<chunk.byteRange.count))
    }
    try check(hash.finalize(), of: asset)
  }

  private func check(_ digest: Digest, of asset: BundleAsset) throws(WeightsError) {
    guard digest == asset.sha256 else {
      throw WeightsError(
        .bundleAssetHash, .malformed, file: path,
        "asset \(asset.name.quoted): expected SHA-256 \(asset.sha256) of its \(asset.byteCount) "
          + "bytes, found \(digest)")
    }
  }
}
