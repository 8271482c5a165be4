import DVLADiagnostics
import DVLAParallelism
import DVLAQuantization
import DVLATensors

/// Tensors of one name and shape on two sides, compared block by block on several threads, so that
/// no thread waits for another that has the largest tensor.
struct TensorPairs: Sendable {
  private let pairs: [(first: TensorInfo, second: TensorInfo)]
  private let readers: (first: TensorReaders, second: TensorReaders)

  /// The rows of which errors are summed: their borders decide how the sums round.
  private static let blockElementCount = 1 << 19

  /// Elements of a pair.
  private struct Block: Sendable {
    let pair: Int
    let range: Range<Int>
    let isLast: Bool
  }

  init(_ pairs: [(TensorInfo, TensorInfo)], _ a: DiffSide, _ b: DiffSide) {
    self.pairs = pairs
    readers = (
      TensorReaders { (index) throws(WeightsError) in try a.reader(of: pairs[index].0) },
      TensorReaders { (index) throws(WeightsError) in try b.reader(of: pairs[index].1) }
    )
  }

  /// What came of each pair, in their order.
  ///
  /// - Throws: what reading throws, first in the order of the elements; `remap.dtype`.
  func outcomes(
    threads: Int, progress: WorkProgress.Handler
  ) throws(WeightsError) -> [Difference.Outcome] {
    let blocks = blocks
    let total = pairs.reduce(0) { $0 + $1.first.byteCount }
    var done = 0
    var found = [PairComparison.Result](repeating: .init(), count: pairs.count)
    var equal: [Block] = []
    var unmeasured: [Block] = []
    try OrderedWork.run(
      items: blocks.count, threads: threads,
      makeScratch: { () throws(WeightsError) -> PairComparison in PairComparison() },
      work: { (item, comparison) throws(WeightsError) -> PairComparison.Result in
        let block = blocks[item]
        return try comparison.compare(
          try readers.first.reader(for: block.pair), try readers.second.reader(for: block.pair),
          pairs[block.pair].first.dtype, pairs[block.pair].second.dtype, block.range)
      },
      consume: { (item, result) throws(WeightsError) in
        let block = blocks[item]
        found[block.pair].add(result)
        if result.isSameBytes { equal.append(block) }
        if block.isLast {
          if !found[block.pair].isSameBytes { unmeasured += equal }
          equal = []
        }
        let info = pairs[block.pair].first
        done +=
          block.range.isEmpty
          ? info.byteCount : (info.dtype.byteWidth ?? 0) * block.range.count
        try progress(WorkProgress(phase: "compare", doneByteCount: done, totalByteCount: total))
      })
    try measure(unmeasured, &found, threads: threads)
    return zip(pairs, found).map { pair, result in
      result.outcome(pair.first.dtype, pair.second.dtype)
    }
  }

  /// Adds what equal blocks have of the signal of tensors that differ elsewhere. Most tensors are
  /// equal as a whole, and need no sums.
  private func measure(
    _ blocks: [Block], _ found: inout [PairComparison.Result], threads: Int
  ) throws(WeightsError) {
    try OrderedWork.run(
      items: blocks.count, threads: threads,
      makeScratch: { () throws(WeightsError) -> PairComparison in PairComparison() },
      work: { (item, comparison) throws(WeightsError) -> ErrorSums in
        let block = blocks[item]
        return try comparison.signal(
          try readers.first.reader(for: block.pair), pairs[block.pair].first.dtype, block.range)
      },
      consume: { (item, sums) throws(WeightsError) in found[blocks[item].pair].errors.add(sums) })
  }

  private var blocks: [Block] {
    pairs.indices.flatMap { index -> [Block] in
      let count = pairs[index].first.shape.elementCount
      // Types that cannot be compared are not read; a tensor without elements has its outcome too.
      guard PairComparison.areComparable(pairs[index].first.dtype, pairs[index].second.dtype),
        count > 0
      else { return [Block(pair: index, range: 0..<0, isLast: true)] }
      return stride(from: 0, to: count, by: Self.blockElementCount).map { start in
        let end = min(start + Self.blockElementCount, count)
        return Block(pair: index, range: start..<end, isLast: end == count)
      }
    }
  }
}
