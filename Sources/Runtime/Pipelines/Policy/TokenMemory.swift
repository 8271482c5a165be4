import DVLADiagnostics
import Synchronization

/// The tokens of the last instructions, so that one that a robot repeats with every picture is
/// tokenized once.
final class TokenMemory: Sendable {
  static let count = 16
  /// Bytes of the longest instruction that is kept.
  static let longest = 65_536

  private typealias Entry = (instruction: String, ids: [Int])

  /// The one that was asked for last at the end.
  private let entries = Mutex<[Entry]>([])

  /// What `make` returned for this instruction when it was asked for last; otherwise what it
  /// returns now. An error of it is not kept.
  ///
  /// - Throws: what `make` throws.
  func tokens(
    of instruction: String, make: (String) throws(WeightsError) -> [Int]
  ) throws(WeightsError) -> [Int] {
    let known = entries.withLock { entries -> [Int]? in
      // By bytes: spellings that Swift takes for equal have tokens of their own.
      guard
        let index = entries.lastIndex(where: {
          $0.instruction.utf8.elementsEqual(instruction.utf8)
        })
      else { return nil }
      entries.append(entries.remove(at: index))
      return entries.last?.ids
    }
    if let known { return known }
    // Not under the lock: others need not wait for it.
    let ids = try make(instruction)
    guard instruction.utf8.count <= Self.longest else { return ids }
    entries.withLock { entries in
      entries.removeAll { $0.instruction.utf8.elementsEqual(instruction.utf8) }
      if entries.count == Self.count { entries.removeFirst() }
      entries.append((instruction, ids))
    }
    return ids
  }
}
