public import DVLADiagnostics
import DVLAParallelism
import Synchronization

/// Brings whole tensors of a source into memory: the one way in which models and
/// `WeightBundle.load(threads:)` get the bytes they keep.
///
/// A tensor comes in pieces of 2 MiB, which any number of threads read at the same time. One that
/// is in memory already is checked where it is. Each piece is checked by the source, as
/// ``TensorSource/read(_:at:into:)`` and ``TensorSource/check(_:in:)`` say, before the tensor is
/// handed over, and the error that is thrown is the first in the order of the bytes, however many
/// threads there are.
///
/// Who reads the pieces is the caller's choice: its own thread, the threads that compute as well
/// (``load(_:runningPieces:)``), or threads of their own that decode ahead of it
/// (``load(_:threads:_:)``).
public struct TensorLoader: Sendable {
  public let source: any TensorSource
  /// The path of the source, which is named where there is no memory for a tensor.
  private let file: String?

  public init(_ source: any TensorSource, file: String? = nil) {
    self.source = source
    self.file = file
  }

  /// Loads one tensor.
  ///
  /// - Parameter run: runs the closure that it gets for each index below the number that it gets,
  ///   on any threads, and returns when all calls have ended; by default they are made one after
  ///   the other on this thread, up to the first error.
  /// - Throws: `tensor.memory`; what the source finds wrong with the bytes.
  public func load(
    _ info: TensorInfo,
    runningPieces run: ((_ count: Int, _ body: @Sendable (Int) -> Void) -> Void)? = nil
  ) throws(WeightsError) -> TensorBytes {
    let target = try target(info)
    guard let run else {
      for piece in 0..<target.pieceCount { try target.fill(piece) }
      return target.bytes
    }
    let firstFailure = Mutex<(piece: Int, error: WeightsError)?>(nil)
    run(target.pieceCount) { piece in
      do throws(WeightsError) { try target.fill(piece) } catch {
        firstFailure.withLock { failure in
          if failure.map({ piece < $0.piece }) ?? true { failure = (piece, error) }
        }
      }
    }
    if let failure = firstFailure.withLock({ $0 }) { throw failure.error }
    return target.bytes
  }

  /// Loads tensors on several threads and hands them over one by one, in the order given.
  ///
  /// Memory stays bounded: that of a tensor is taken when its first piece is due, and four pieces
  /// for each thread are read ahead.
  ///
  /// - Parameters:
  ///   - tensors: which tensors; the same one may occur several times.
  ///   - threads: how many to read on, at least 1.
  ///   - body: takes the place of a tensor among `tensors` and its bytes, which it may keep. Called
  ///     on this thread.
  /// - Throws: the first error in the order of tensors and bytes, as ``load(_:runningPieces:)`` and
  ///   `body` throw it; `parallelism.no-threads`.
  public func load(
    _ tensors: [TensorInfo], threads: Int,
    _ body: (_ index: Int, _ bytes: TensorBytes) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let steps = tensors.enumerated().flatMap { index, info in
      // A tensor without bytes is handed over too.
      (0..<max(1, Target.pieceCount(of: info))).map { (tensor: index, piece: $0) }
    }
    let open = Mutex<[Int: Target]>([:])
    try OrderedWork.run(
      items: steps.count, threads: threads, makeScratch: {},
      work: { item, _ throws(WeightsError) in
        let step = steps[item]
        // Whichever thread comes first takes the memory.
        let target = try open.withLock { (open) throws(WeightsError) in
          if let target = open[step.tensor] { return target }
          let target = try self.target(tensors[step.tensor])
          open[step.tensor] = target
          return target
        }
        if step.piece < target.pieceCount { try target.fill(step.piece) }
      },
      consume: { item, _ throws(WeightsError) in
        let step = steps[item]
        let isLast = item + 1 == steps.count || steps[item + 1].tensor != step.tensor
        guard isLast, let target = open.withLock({ $0.removeValue(forKey: step.tensor) }) else {
          return
        }
        try body(step.tensor, target.bytes)
      })
  }

  private func target(_ info: TensorInfo) throws(WeightsError) -> Target {
    do throws(WeightsError) { return try Target(info, of: source) } catch {
      let placed = error.inTensor(info.name.string)
      throw file.map(placed.inFile) ?? placed
    }
  }
}

/// A tensor on its way into memory.
private struct Target: Sendable {
  let bytes: TensorBytes
  private let info: TensorInfo
  private let source: any TensorSource
  private let isResident: Bool

  /// Whole chunks of a bundle, so that none is decoded twice, and a huge page.
  private static let pieceByteCount = FreshPages.hugeByteCount
  /// Smaller tensors are in memory that is likely to have been used before.
  private static let preparedByteCount = 256 << 10

  static func pieceCount(of info: TensorInfo) -> Int {
    (info.byteCount + pieceByteCount - 1) / pieceByteCount
  }

  /// - Throws: `tensor.memory`.
  init(_ info: TensorInfo, of source: any TensorSource) throws(WeightsError) {
    (self.info, self.source) = (info, source)
    if let resident = source.residentBytes(of: info.name) {
      (bytes, isResident) = (resident, true)
    } else {
      (bytes, isResident) = (try TensorBytes(byteCount: info.byteCount), false)
    }
  }

  var pieceCount: Int { Self.pieceCount(of: info) }

  func fill(_ piece: Int) throws(WeightsError) {
    let start = piece * Self.pieceByteCount
    let range = start..<min(start + Self.pieceByteCount, info.byteCount)
    if isResident { return try source.check(info.name, in: range) }
    if info.byteCount >= Self.preparedByteCount { bytes.prepare(range) }
    try bytes.withMutableBytes(in: range) { (target) throws(WeightsError) in
      try source.read(info.name, at: start, into: &target)
    }
  }
}
