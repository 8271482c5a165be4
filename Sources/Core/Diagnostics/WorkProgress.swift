/// How far a piece of long work is.
public struct WorkProgress: Sendable {
  /// What is being done, in one word: `pack`, `verify`.
  public let phase: String
  public let doneByteCount: Int
  public let totalByteCount: Int

  public init(phase: String, doneByteCount: Int, totalByteCount: Int) {
    self.phase = phase
    self.doneByteCount = doneByteCount
    self.totalByteCount = totalByteCount
  }

  /// Told of progress now and then. What it throws stops the work, which then throws that.
  public typealias Handler = @Sendable (WorkProgress) throws(WeightsError) -> Void
}
