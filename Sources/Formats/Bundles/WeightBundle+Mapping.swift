public import DVLADiagnostics
import DVLAFiles
public import DVLATensors

extension WeightBundle {
  /// The bytes of a tensor that is stored plain in a bundle opened with `mapping`, where they lie
  /// in the file; nil for others.
  public func residentBytes(of name: TensorName) -> TensorBytes? {
    tensor(name).flatMap { residentBytes(of: $0) }
  }

  func isResident(_ tensor: BundleTensor) -> Bool { mapping != nil && tensor.encoding == .plain }

  func residentBytes(of tensor: BundleTensor) -> TensorBytes? {
    guard let mapping, isResident(tensor) else { return nil }
    let range = tensor.storedRange
    // The header was held against the size of the file, which the mapping has too, and tensors lie
    // on multiples of 64 bytes.
    precondition(range.lowerBound + tensor.info.byteCount <= mapping.byteCount, "inside the file")
    return unsafe TensorBytes(
      at: mapping.start + range.lowerBound, byteCount: tensor.info.byteCount, keptBy: mapping)
  }

  /// Checks the chunks of a tensor that overlap the range, where they lie.
  ///
  /// - Throws: `tensor.unknown`; `bundle.chunk-checksum`, `bundle.chunk-hash`, `bundle.filler`;
  ///   `file.*`.
  public func check(_ name: TensorName, in range: Range<Int>) throws(WeightsError) {
    guard let tensor = tensor(name) else {
      throw WeightsError(
        .unknownTensor, .notFound, file: path, tensor: name.string, "no such tensor")
    }
    guard !range.isEmpty else { return }
    let chunkByteCount = BundleLayout.chunkByteCount
    for index in range.lowerBound / chunkByteCount...(range.upperBound - 1) / chunkByteCount {
      try checkResident(index, of: tensor)
    }
  }

  /// Checks a chunk where it lies.
  func checkResident(_ index: Int, of tensor: BundleTensor) throws(WeightsError) {
    guard let mapping else { return }
    let chunk = tensor.chunks[index]
    do throws(WeightsError) {
      try mapping.withBytes(in: chunk.storedRange) { (bytes) throws(WeightsError) in
        try check.hold(bytes, against: chunk)
      }
      try tensor.checkFiller(after: index, in: file)
    } catch {
      throw error.at(chunk: index, of: tensor, in: path)
    }
  }
}
