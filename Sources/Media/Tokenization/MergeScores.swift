import DVLADiagnostics
import DVLAJSON

/// The scores with which SentencePiece merges in the order of a list of merges.
///
/// `tokenizers` joins, of all neighbours that the list has, those that come first in it, leftmost
/// first. SentencePiece joins all neighbours whose text is a piece, that of the highest score
/// first, leftmost first. Both give the same where every way to make a piece of two others is in
/// the list, and all ways to make one piece are adjacent in it: the score of a piece is then its
/// place. Two of them cannot compete for one neighbour: each would have to be what the one text of
/// the piece becomes by the merges before.
struct MergeScores {
  private(set) var scores: [Float]
  /// Whether anything merges into the piece.
  private(set) var isMade: [Bool]

  private struct Merge {
    let left: Int32
    let right: Int32
    let made: Int32
  }

  /// Where the ways to make a piece are in the list.
  private struct Span {
    var first = -1
    var last = -1
    var count = 0
  }

  init(_ file: TokenizerJSON, _ names: PieceNames) throws(WeightsError) {
    scores = Array(repeating: 0, count: names.kinds.count)
    isMade = Array(repeating: false, count: names.kinds.count)
    var merges: [Merge] = []
    for merge in try file.mergePairs() {
      let ids = try [merge.0, merge.1, merge.0 + merge.1].map { (text) throws(WeightsError) in
        guard let id = file.vocabulary[text]?.integer else {
          throw PieceNames.malformed(
            "the merge of \(merge.0.quoted) and \(merge.1.quoted) needs the piece "
              + "\(text.quoted), which the vocabulary does not have")
        }
        guard names.kinds[id] != .byte || text.isOneScalar else {
          throw Self.unsupported(
            "no merges of bytes", "one of \(merge.0.quoted) and \(merge.1.quoted)")
        }
        return id
      }
      // Added tokens are taken from the text before anything is merged.
      guard ids.allSatisfy({ names.kinds[$0] == .normal || names.kinds[$0] == .byte }) else {
        continue
      }
      merges.append(Merge(left: Int32(ids[0]), right: Int32(ids[1]), made: Int32(ids[2])))
      isMade[ids[2]] = true
    }
    merges = merges.filter { merge in
      [merge.left, merge.right].allSatisfy { isMakeable(Int($0), names) }
    }
    var spans = Array(repeating: Span(), count: names.kinds.count)
    for (place, merge) in merges.enumerated() {
      let id = Int(merge.made)
      if spans[id].count == 0 { spans[id].first = place }
      spans[id].last = place
      spans[id].count += 1
    }
    try checkWays(spans, names, file.vocabulary)
    try score(merges, spans, names, file.vocabulary)
  }

  private func isMakeable(_ id: Int, _ names: PieceNames) -> Bool {
    isMade[id] || names.kinds[id] == .byte || names.texts[id]?.isOneScalar == true
  }

  /// What looking for all ways to make the pieces may cost: the sum of their squared lengths.
  /// There is room for half a million pieces of 32 bytes; PaliGemma's are half as many, and
  /// shorter.
  private static let mostWork = 1 << 29

  /// Whether the list has every way to make each piece.
  private func checkWays(
    _ spans: [Span], _ names: PieceNames, _ vocabulary: JSONObject
  ) throws(WeightsError) {
    func isMergeable(_ text: String) -> Bool {
      guard let id = vocabulary[text]?.integer else { return false }
      switch names.kinds[id] {
      case .normal: return isMade[id] || text.isOneScalar
      case .byte: return text.isOneScalar
      default: return false
      }
    }
    var characters = Set<Unicode.Scalar>()
    for (text, _) in vocabulary.members where text.isOneScalar {
      characters.formUnion(text.unicodeScalars)
    }
    let made = isMade.indices.compactMap { isMade[$0] ? names.texts[$0].map(\.utf8.count) : nil }
    guard made.reduce(0, { $0 + $1 * $1 }) <= Self.mostWork else {
      throw WeightsError(
        .tokenizerUnsupported,
        "too many or too long merged pieces to check: \(made.count) of up to \(made.max() ?? 0) bytes; "
          + "give tokenizer.model instead")
    }
    for id in isMade.indices where isMade[id] {
      guard let text = names.texts[id] else { continue }
      let scalars = text.unicodeScalars
      if let stranger = scalars.first(where: { !characters.contains($0) }) {
        throw Self.unsupported(
          "the characters of every merged piece to be pieces",
          "\(text.quoted) without \(String(stranger).quoted)")
      }
      var ways = 0
      var split = scalars.index(after: scalars.startIndex)
      while split != scalars.endIndex {
        if isMergeable(String(scalars[..<split])), isMergeable(String(scalars[split...])) {
          ways += 1
        }
        split = scalars.index(after: split)
      }
      guard ways == spans[id].count else {
        throw Self.unsupported(
          "all ways to make a piece of two others among the merges, once",
          "\(spans[id].count) of \(ways) for \(text.quoted)")
      }
    }
  }

  private mutating func score(
    _ merges: [Merge], _ spans: [Span], _ names: PieceNames, _ vocabulary: JSONObject
  ) throws(WeightsError) {
    var start = 0
    var place: Float = 0
    while start < merges.count {
      var end = spans[Int(merges[start].made)].last
      var next = start
      var block = Set<Int>()
      while next <= end {
        block.insert(Int(merges[next].made))
        end = max(end, spans[Int(merges[next].made)].last)
        next += 1
      }
      if block.count > 1 {
        try checkRuns(block, merges[start...end], spans, names, vocabulary)
      }
      for id in block { scores[id] = -place }
      place += 1
      start = end + 1
    }
  }

  /// The converter sorts the ways to make runs of spaces by length, not by run. As long as a run
  /// grows by one before another begins, the leftmost does, and any order of the others is the
  /// same.
  private func checkRuns(
    _ block: Set<Int>, _ merges: ArraySlice<Merge>, _ spans: [Span], _ names: PieceNames,
    _ vocabulary: JSONObject
  ) throws(WeightsError) {
    let texts = block.compactMap { names.texts[$0] }
    let found = texts.min() ?? ""
    func refusal() -> WeightsError {
      Self.unsupported(
        "the merges that make one piece to be adjacent",
        "those of \(found.quoted) among those of other pieces")
    }
    guard let scalar = found.unicodeScalars.first,
      texts.allSatisfy({ $0.unicodeScalars.allSatisfy { $0 == scalar } })
    else { throw refusal() }
    // Runs by length, of two and more; those that are not here must be of two, and come later.
    let lengths = Set(texts.map(\.unicodeScalars.count))
    guard let longest = lengths.max(), (3...longest).allSatisfy(lengths.contains) else {
      throw refusal()
    }
    let run = String(scalar)
    let single = vocabulary[run]?.integer
    var growths = 0
    for merge in merges where Int(merge.right) == single {
      // Nothing may start a run before every longer one could grow.
      if Int(merge.left) == single { break }
      growths += 1
    }
    let pair = vocabulary[run + run]?.integer
    guard growths == longest - 2, let pair, spans[pair].first >= merges.startIndex else {
      throw refusal()
    }
  }

  private static func unsupported(_ expected: String, _ found: String) -> WeightsError {
    WeightsError(
      .tokenizerUnsupported,
      "expected \(expected), found \(found): SentencePiece would merge differently; give "
        + "tokenizer.model instead")
  }
}
