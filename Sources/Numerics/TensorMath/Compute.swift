public import DVLADiagnostics
import DVLAMatrixProducts
import DVLAParallelism
public import DVLATensors
import Synchronization

/// The threads a forward pass computes on.
///
/// Work is cut into pieces whose sizes depend on the shapes alone, never on the number of threads,
/// so that the numbers are the same on any number of them. Models that share an instance, and calls
/// of one model from several threads, take turns.
public final class Compute: Sendable {
  private let team: ThreadTeam
  private let turn = Mutex(())

  /// How many threads compute, at least 1.
  public var threads: Int { team.threads }

  /// - Parameter threads: how many, the caller's included; a number below 1 means 1.
  public init(threads: Int) { team = ThreadTeam(threads: threads) }

  /// Checks that there is memory for the products of all threads, which OpenBLAS would otherwise
  /// wait for without end.
  ///
  /// - Throws: `compute.memory`.
  public func checkMemory() throws(WeightsError) {
    let byteCount = MatrixProduct.workspaceByteCount * threads
    do throws(WeightsError) { _ = try TensorBytes(byteCount: byteCount) } catch {
      throw WeightsError(
        .computeMemory, .unavailable,
        "products on \(threads) threads need \(byteCount) bytes of address space, and there is less; "
          + "use fewer threads")
    }
  }

  /// Runs `body` for each item, on all threads.
  public func run(items: Int, _ body: @Sendable (Int) -> Void) {
    turn.withLock { _ in team.run(items: items) { item, _ in body(item) } }
  }

  /// Runs `body` for each block of rows of a matrix, on all threads, with the block to write to.
  func forEachBlock(
    ofRows rows: Int, columns: Int, in values: inout [Float], blockRows: Int,
    _ body: @Sendable (Range<Int>, inout MutableSpan<Float>) -> Void
  ) {
    precondition(values.count == rows * columns, "the matrix fills its memory")
    guard !values.isEmpty else { return }
    let blocks = (rows + blockRows - 1) / blockRows
    values.withShared { shared in
      run(items: blocks) { block in
        let range = block * blockRows..<min(rows, (block + 1) * blockRows)
        shared.withSpan(range.lowerBound * columns..<range.upperBound * columns) {
          body(range, &$0)
        }
      }
    }
  }

  /// Rows of that many columns that make a piece worth handing to a thread.
  static func blockRows(columns: Int) -> Int { max(1, (1 << 14) / max(columns, 1)) }
}

extension Compute {
  /// Runs `body` for each row of a matrix, on all threads, with the row to write to.
  public func forEachRow(
    ofRows rows: Int, columns: Int, in tensor: inout Tensor,
    _ body: @Sendable (Int, inout MutableSpan<Float>) -> Void
  ) {
    forEachBlock(ofRows: rows, columns: columns, in: &tensor.values, blockRows: 1) {
      body($0.lowerBound, &$1)
    }
  }
}

extension WeightsError.Code {
  /// There is no memory for matrix products.
  public static let computeMemory = Self("compute.memory")
}
