public import DVLADiagnostics
import DVLAFiles
import DVLAParallelism
public import DVLATensors
import Synchronization

extension WeightBundle {
  /// Decodes tensors on several threads and hands them over one by one, in the order given.
  ///
  /// Memory stays bounded: a tensor's bytes are taken when its first chunk is due, and only some
  /// megabytes are decoded ahead. Every chunk is checked as ``read(_:at:into:)`` checks it.
  ///
  /// - Parameters:
  ///   - tensors: which tensors of this bundle; all, in the order of the file, by default.
  ///   - threads: how many to decode on.
  ///   - body: takes a tensor with its bytes, on the calling thread. It may keep the bytes.
  /// - Throws: the first error in the order of the chunks, as ``read(_:at:into:)``;
  ///   `tensor.memory`; `parallelism.no-threads`; what `body` throws.
  public func load(
    _ tensors: [BundleTensor]? = nil, threads: Int,
    _ body: (BundleTensor, TensorBytes) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let tensors = tensors ?? bundleTensors
    let plan = ChunkPlan(tensors, stepChunkCount: 4)
    let open = Mutex<[Int: TensorBytes]>([:])
    let (file, path, check) = (file, path, check)
    try OrderedWork.run(
      items: plan.steps.count, threads: threads,
      makeScratch: { () throws(WeightsError) in try ChunkReader(check) },
      work: { item, reader throws(WeightsError) in
        let step = plan.steps[item]
        let tensor = tensors[step.tensor]
        let bytes: TensorBytes
        do throws(WeightsError) {
          bytes = try self.bytes(of: tensor, position: step.tensor, in: open)
        } catch { throw error.at(chunk: step.chunks.first, of: tensor, in: path) }
        for chunk in step.chunks {
          if isResident(tensor) {
            try checkResident(chunk, of: tensor)
            continue
          }
          do throws(WeightsError) {
            try bytes.withMutableBytes(in: tensor.chunks[chunk].byteRange) {
              (target) throws(WeightsError) in
              try reader.read(chunk, of: tensor, in: file, from: 0, into: &target)
            }
          } catch { throw error.at(chunk: chunk, of: tensor, in: path) }
        }
      },
      consume: { item, _ throws(WeightsError) in
        let step = plan.steps[item]
        guard step.isLast, let bytes = open.withLock({ $0.removeValue(forKey: step.tensor) })
        else { return }
        try body(tensors[step.tensor], bytes)
      })
  }

  /// The bytes of one tensor, decoded on several threads.
  ///
  /// - Throws: as ``load(_:threads:_:)``.
  public func bytes(of tensor: BundleTensor, threads: Int) throws(WeightsError) -> TensorBytes {
    var result: TensorBytes?
    try load([tensor], threads: threads) { _, bytes in result = bytes }
    // One tensor gives one call.
    guard let result else { preconditionFailure("a tensor was asked for and not handed over") }
    return result
  }

  /// The memory of a tensor, taken by whichever thread comes first.
  private func bytes(
    of tensor: BundleTensor, position: Int, in open: borrowing Mutex<[Int: TensorBytes]>
  ) throws(WeightsError) -> TensorBytes {
    try open.withLock { (open) throws(WeightsError) in
      if let bytes = open[position] { return bytes }
      let bytes =
        if let resident = residentBytes(of: tensor) { resident } else {
          try TensorBytes(byteCount: tensor.info.byteCount)
        }
      open[position] = bytes
      return bytes
    }
  }
}
