import DVLAHashing
import DVLASafetensors
import DVLATensors

extension HeaderCursor {
  /// Reads a row of the table of tensors in the one way that this package writes it, with what the
  /// entry that belongs to it must say. Nil when it has another form or is not sound in itself.
  ///
  /// - Parameters:
  ///   - start: where its data must start in the file.
  ///   - dataStart: where the data of all rows start.
  mutating func row(
    _ words: RowWords, _ scratch: inout RowScratch, start: Int, isAsset: Bool, dataStart: Int,
    _ census: inout Census
  ) -> (BundleTensor, WrittenEntry)? {
    guard skip(words.name) else { return nil }
    let name = plainText()
    guard 1...SafetensorsLimits.default.nameByteCount ~= name.count, isAsset || !isReserved(name),
      skip(words.dtype)
    else { return nil }
    let dtype = plainText()
    guard let type = word(dtype, of: scratch.dtypes), skip(words.shape) else { return nil }
    let shapeStart = position
    guard let shape = shape(&scratch) else { return nil }
    let shapeEnd = position
    guard skip(words.encoding), let encoding = word(plainText(), of: scratch.encodings),
      skip(words.planes), let planes = word(plainText(), of: scratch.planeOrders),
      planes.fits(type, encoding),
      let info = TensorInfo(name: TensorName(string(name)), dtype: type, shape: shape),
      skip(words.stored), readSizes(&scratch, info, encoding),
      let chunks = chunks(words, scratch.sizes, info, start: start)
    else { return nil }
    // The row, its eight members, and the elements of two of them.
    census.valueCount += 9 + shape.rank + chunks.count
    census.objectCount += 1
    var source: HeaderValue?
    var quantization: HeaderValue?
    if skip(words.source) {
      source = value(&census)
      guard source != nil else { return nil }
    }
    if skip(words.quantization) {
      quantization = value(&census)
      guard quantization != nil else { return nil }
    }
    guard skip("}") else { return nil }
    let end = chunks.last?.storedRange.upperBound ?? start
    let filler =
      end..<end + BundleLayout.fillerByteCount(after: end - start, encoding: encoding)
    let tensor = BundleTensor(
      info: info, encoding: encoding, planes: planes, chunks: chunks, filler: filler,
      storedSource: source, storedQuantization: quantization)
    let entry = WrittenEntry(
      name: name, dtype: dtype, shape: shapeStart..<shapeEnd, encoding: encoding,
      data: start - dataStart..<end - dataStart,
      filler: end - dataStart..<filler.upperBound - dataStart)
    return (tensor, entry)
  }

  func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// Whether the format keeps the name for itself.
  private func isReserved(_ name: Range<Int>) -> Bool {
    name.count >= 2 && bytes[name.lowerBound] == UInt8(ascii: "_")
      && bytes[name.lowerBound + 1] == UInt8(ascii: "_")
  }

  private func word<Word>(_ range: Range<Int>, of words: [([UInt8], Word)]) -> Word? {
    for (word, value) in words where bytes[range].elementsEqual(word) { return value }
    return nil
  }

  private mutating func shape(_ scratch: inout RowScratch) -> Shape? {
    scratch.extents.removeAll(keepingCapacity: true)
    guard self[position] != UInt8(ascii: "]") else { return Shape([]) }
    repeat {
      guard scratch.extents.count < SafetensorsLimits.default.rank, let extent = integer() else {
        return nil
      }
      scratch.extents.append(extent)
    } while skip(",")
    return Shape(checking: scratch.extents)
  }

  private mutating func readSizes(
    _ scratch: inout RowScratch, _ info: TensorInfo, _ encoding: BundleEncoding
  ) -> Bool {
    scratch.sizes.removeAll(keepingCapacity: true)
    var rest = info.byteCount
    while rest > 0 {
      let bytes = min(rest, BundleLayout.chunkByteCount)
      guard scratch.sizes.isEmpty || skip(","), let size = integer() else { return false }
      switch encoding {
      case .plain: guard size == bytes else { return false }
      case .zstd: guard 1...bytes + BundleLayout.frameOverhead ~= size else { return false }
      }
      scratch.sizes.append(size)
      rest -= bytes
    }
    return true
  }

  private mutating func chunks(
    _ words: RowWords, _ sizes: [Int], _ info: TensorInfo, start: Int
  ) -> [ChunkRecord]? {
    guard skip(words.sha256) else { return nil }
    let digests = position
    position += sizes.count * Digest.hexCount
    guard skip(words.xxh3) else { return nil }
    let checksums = position
    position += sizes.count * UInt64.hexCount
    guard skip(words.endOfText) else { return nil }
    var chunks: [ChunkRecord] = []
    // As many as sizes were read.
    chunks.reserveCapacity(sizes.count)
    let digits = bytes.span
    var place = start
    for (index, size) in sizes.enumerated() {
      let digest = digests + index * Digest.hexCount
      guard let sha256 = Digest(hexDigits: digits.extracting(digest..<digest + Digest.hexCount)),
        let xxh3 = Hexadecimal.word(in: digits, at: checksums + index * UInt64.hexCount)
      else { return nil }
      chunks.append(
        ChunkRecord(
          storedRange: place..<place + size, sha256: sha256, xxh3: xxh3,
          byteRange: BundleLayout.byteRange(ofChunk: index, byteCount: info.byteCount)))
      place += size
    }
    return chunks
  }

  /// Skips a value inside a row.
  private mutating func value(_ census: inout Census) -> HeaderValue? {
    let start = position
    return skipValue(&census) ? .written(bytes, start..<position) : nil
  }
}

/// What stands between the values of a row, inside a string.
struct RowWords {
  fileprivate let name = Array(#"{\"name\":\""#.utf8)
  fileprivate let dtype = Array(#"\",\"dtype\":\""#.utf8)
  fileprivate let shape = Array(#"\",\"shape\":["#.utf8)
  fileprivate let encoding = Array(#"],\"encoding\":\""#.utf8)
  fileprivate let planes = Array(#"\",\"planes\":\""#.utf8)
  fileprivate let stored = Array(#"\",\"stored\":["#.utf8)
  fileprivate let sha256 = Array(#"],\"sha256\":\""#.utf8)
  fileprivate let xxh3 = Array(#"\",\"xxh3\":\""#.utf8)
  fileprivate let endOfText = Array(#"\""#.utf8)
  fileprivate let source = Array(#",\"source\":"#.utf8)
  fileprivate let quantization = Array(#",\"quantization\":"#.utf8)
}

/// What is kept between rows.
struct RowScratch {
  /// Stored bytes of each chunk.
  fileprivate var sizes: [Int] = []
  fileprivate var extents: [Int] = []
  fileprivate let dtypes = DType.allCases.map { (Array($0.rawValue.utf8), $0) }
  fileprivate let encodings = BundleEncoding.allCases.map { (Array($0.rawValue.utf8), $0) }
  fileprivate let planeOrders = PlaneOrder.allCases.map { (Array($0.rawValue.utf8), $0) }
}
