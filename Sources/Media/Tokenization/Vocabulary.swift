/// The pieces of a BPE tokenizer in the order of their ids, whatever file they came from.
struct Vocabulary {
  /// What a piece is for; the raw values are those of `sentencepiece_model.proto`.
  enum Kind: Int {
    /// Made from characters by merging.
    case normal = 1
    /// Stands for characters that are no piece.
    case unknown = 2
    /// Never made from text.
    case control = 3
    /// Found in the text before anything is merged, and never merged itself.
    case userDefined = 4
    /// Merged, then taken apart again.
    case unused = 5
    /// One byte of a character that is no piece.
    case byte = 6
  }

  struct Piece {
    var text: String
    /// Of the pieces that can be made next, that of the highest score is, and of several the
    /// leftmost.
    var score: Float
    var kind: Kind
  }

  var pieces: [Piece]
  /// Whether characters that are no piece are spelled in bytes; else they are the unknown piece.
  var spellsBytes: Bool
  var beginningOfSequence: Int?
  /// What a text must not spell.
  var markers: [String]
}
