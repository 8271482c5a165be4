public import DVLADiagnostics
import DVLAFiles
import DVLAParallelism
import DVLATensors
import Synchronization

/// The chunks that a ``BundleWriter`` has written, each read back from the file and held against
/// what was packed, while later ones are still made.
///
/// A chunk is read back when the device has taken it and not before, so that what is compared is
/// what the device was given: a byte that changed on its way, in memory, in the system's cache or
/// by a write that went to another place, is found, as is a frame that does not decode to the
/// bytes it was made of. Threads that pack check chunks in between (``WrittenChunkCheck``);
/// `finish` checks the rest.
public final class WrittenChunks: Sendable {
  private let output: AtomicOutputFile
  private let encoding: BundleEncoding
  /// The rows of the table, in the order of the file.
  private let rows: [TensorInfo]
  private let state = Mutex(State())
  /// Waits for the device.
  private let waiting = TaskQueue(threads: 1)

  /// A chunk in the file.
  struct Piece: Sendable {
    let row: Int
    let chunk: Int
    let record: ChunkRecord
    /// What fills the file up behind the last chunk of a row.
    let filler: Range<Int>
  }

  /// Pieces that the device takes together.
  private struct Stretch: Sendable {
    /// One past its last piece.
    let end: Int
    /// Ends when the device has them.
    let wait: QueuedTask<Void>
  }

  private struct State: Sendable {
    var pieces: [Piece] = []
    var stretches: [Stretch] = []
    /// How many stretches the device has, and the file for reading them.
    var settledCount = 0
    var file: InputFile?
    /// How many pieces are claimed for checking.
    var claimedCount = 0
    /// The first piece that is known not to be right.
    var failure: (piece: Int, error: WeightsError)?

    /// How many pieces can be checked. A stretch may be settled before it is in the list.
    var settledPieceCount: Int {
      let count = min(settledCount, stretches.count)
      return count > 0 ? stretches[count - 1].end : 0
    }

    /// Ends when the device has that piece.
    func wait(for piece: Int) -> QueuedTask<Void> {
      var (low, high) = (0, stretches.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if stretches[middle].end > piece { high = middle } else { low = middle + 1 }
      }
      return stretches[low].wait
    }
  }

  init(in output: AtomicOutputFile, _ encoding: BundleEncoding, rows: [TensorInfo]) {
    self.output = output
    self.encoding = encoding
    self.rows = rows
  }

  deinit { waiting.cancel() }

  /// What is wrong with what was checked so far, first in the order of the file, once no thread
  /// checks any more.
  public var failure: WeightsError? { state.withLock { $0.failure?.error } }

  /// Takes note of the next chunk of the file.
  func add(_ piece: Piece) { state.withLock { $0.pieces.append(piece) } }

  /// Has the device take the bytes of the pieces added since the last call.
  ///
  /// - Parameter range: where they lie in the file.
  /// - Throws: `file.finished`.
  func settle(_ range: Range<Int>) throws(WeightsError) {
    try output.beginWriting(range)
    let (number, pieces) = state.withLock { state in
      (state.stretches.count, (state.stretches.last?.end ?? 0)..<state.pieces.count)
    }
    let output = output
    let wait = waiting.add { [weak self] () throws(WeightsError) in
      do throws(WeightsError) {
        try output.finishWriting(range)
        // Opened again for each stretch, since a file is read as far as it went when it was opened.
        let file = try InputFile(path: output.temporaryPath)
        self?.state.withLock { state in
          state.settledCount = number + 1
          state.file = file
        }
      } catch {
        self?.fail(pieces.lowerBound, error)
        throw error
      }
    }
    state.withLock { $0.stretches.append(Stretch(end: pieces.upperBound, wait: wait)) }
  }

  /// Checks all that is not checked yet, waiting for the device where it must.
  ///
  /// - Parameter progress: called on the calling thread with the number of chunks checked of all.
  /// - Throws: the first failure in the order of the file: `bundle.chunk-checksum`, `zstd.*`,
  ///   `bundle.filler`, `file.*`; `parallelism.no-threads`.
  /// - Precondition: no thread packs any more.
  func finish(
    threads: Int, progress: (_ done: Int, _ total: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    if let failure { throw failure }
    let rest = state.withLock { $0.claimedCount..<$0.pieces.count }
    try OrderedWork.run(
      items: rest.count, threads: threads,
      makeScratch: { () throws(WeightsError) in try ChunkVerifier([.checksum]) },
      work: { (item, verifier) throws(WeightsError) in
        try self.check(rest.lowerBound + item, with: verifier)
      },
      consume: { (item, _) throws(WeightsError) in
        try progress(rest.lowerBound + item + 1, rest.upperBound)
      })
    state.withLock { $0.claimedCount = rest.upperBound }
  }

  /// Checks some pieces that the device has, if there are any.
  fileprivate func checkSome(_ count: Int, with verifier: borrowing ChunkVerifier) {
    let claimed = state.withLock { state -> Range<Int> in
      let end = state.settledPieceCount
      let start = state.claimedCount
      guard state.failure == nil, start < end else { return start..<start }
      state.claimedCount = min(start + count, end)
      return start..<state.claimedCount
    }
    for piece in claimed {
      do throws(WeightsError) { try check(piece, with: verifier) } catch {
        return fail(piece, error)
      }
    }
  }

  private func check(_ index: Int, with verifier: borrowing ChunkVerifier) throws(WeightsError) {
    try state.withLock { $0.wait(for: index) }.value()
    let (piece, file) = state.withLock { ($0.pieces[index], $0.file) }
    guard let file else { preconditionFailure("what is settled can be read") }
    do throws(WeightsError) {
      try verifier.check(piece.record, encoding, in: file)
      try encoding.checkFiller(piece.filler, in: file)
    } catch {
      let row = rows[piece.row]
      throw error.at(
        chunk: piece.chunk, of: BundleLayout.chunkCount(of: row.byteCount), piece.record,
        of: row.name, in: output.path)
    }
  }

  private func fail(_ piece: Int, _ error: WeightsError) {
    state.withLock { state in
      if piece < state.failure?.piece ?? .max { state.failure = (piece, error) }
    }
  }

  /// Whether all chunks were checked, and the table of the bundle says of each what it was held
  /// against.
  func isTable(of bundle: WeightBundle) -> Bool {
    state.withLock { state in
      var pieces = state.pieces[...]
      guard state.claimedCount == pieces.count else { return false }
      for row in bundle.assetTensors + bundle.bundleTensors {
        for (index, chunk) in row.chunks.enumerated() {
          guard let piece = pieces.popFirst(), piece.record == chunk else { return false }
          if index == row.chunks.count - 1, piece.filler != row.filler { return false }
        }
      }
      return pieces.isEmpty
    }
  }
}

/// Reads written chunks back: the scratch memory of one thread that packs.
public struct WrittenChunkCheck: ~Copyable {
  private let chunks: WrittenChunks
  private let verifier: ChunkVerifier

  /// - Throws: `zstd.memory`, `tensor.memory`.
  public init(_ chunks: WrittenChunks) throws(WeightsError) {
    verifier = try ChunkVerifier([.checksum])
    self.chunks = chunks
  }

  /// Checks chunks that the device has: up to `count`, none if there are none. What is wrong with
  /// them is ``WrittenChunks/failure``.
  public func advance(by count: Int) { chunks.checkSome(count, with: verifier) }
}
