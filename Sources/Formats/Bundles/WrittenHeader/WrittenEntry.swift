/// What the entry of the header must say that belongs to a row of the table.
struct WrittenEntry {
  /// Where name, element type and shape are written in the row.
  let name: Range<Int>
  let dtype: Range<Int>
  let shape: Range<Int>
  let encoding: BundleEncoding
  /// Where the stored chunks and the filler lie, counted from the start of the data.
  let data: Range<Int>
  let filler: Range<Int>

  /// Behind frames the filler is part of the entry.
  var hasFillerEntry: Bool { encoding == .plain && !filler.isEmpty }
}

/// What stands between the values of an entry.
struct EntryWords {
  fileprivate let name = Array(#",""#.utf8)
  fileprivate let fillerName = Array((#",""# + BundleLayout.fillerEntryPrefix).utf8)
  fileprivate let bytes = Array(#"":{"dtype":"U8","shape":["#.utf8)
  fileprivate let dtype = Array(#"":{"dtype":""#.utf8)
  fileprivate let shape = Array(#"","shape":["#.utf8)
  fileprivate let offsets = Array(#"],"data_offsets":["#.utf8)
  fileprivate let end = Array("]}".utf8)
}

extension HeaderCursor {
  mutating func skip(_ entry: WrittenEntry, _ words: EntryWords) -> Bool {
    guard skip(words.name), skip(repeated: entry.name) else { return false }
    switch entry.encoding {
    case .zstd:
      return skipBytes(entry.data.lowerBound..<entry.filler.upperBound, words)
    case .plain:
      return skip(words.dtype) && skip(repeated: entry.dtype) && skip(words.shape)
        && skip(repeated: entry.shape) && skipOffsets(entry.data, words)
    }
  }

  /// Skips the entry of the filler behind a tensor that is stored plain.
  mutating func skipFiller(of entry: WrittenEntry, number: Int, _ words: EntryWords) -> Bool {
    skip(words.fillerName) && integer() == number && skipBytes(entry.filler, words)
  }

  /// Skips the rest of an entry of bytes, behind its name.
  private mutating func skipBytes(_ range: Range<Int>, _ words: EntryWords) -> Bool {
    skip(words.bytes) && integer() == range.count && skipOffsets(range, words)
  }

  private mutating func skipOffsets(_ range: Range<Int>, _ words: EntryWords) -> Bool {
    skip(words.offsets) && integer() == range.lowerBound && skip(",")
      && integer() == range.upperBound && skip(words.end)
  }
}
