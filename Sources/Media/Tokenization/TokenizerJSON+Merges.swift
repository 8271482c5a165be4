import DVLADiagnostics
import DVLAJSON

extension TokenizerJSON {
  /// The merges as written: two strings, or in older files one with a space between.
  func mergePairs() throws(WeightsError) -> [(String, String)] {
    guard let list = merges.value.array else { throw merges.mismatch("an array") }
    return try list.enumerated().map { (number, merge) throws(WeightsError) in
      let parts =
        merge.array.map { $0.compactMap(\.string) }
        ?? merge.string?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        ?? []
      guard parts.count == 2, merge.array.map({ $0.count == 2 }) ?? true else {
        throw merges.failure(
          .tokenizerMalformed, "expected two pieces, found another merge at \(number)")
      }
      for part in parts { try Vocabulary.checkLength(of: part, "a piece of merge \(number)") }
      return (parts[0], parts[1])
    }
  }
}
