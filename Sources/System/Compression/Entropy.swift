import Glibc

/// How many bits a code for single bytes needs at least.
enum Entropy {
  /// Bits of all bytes together. Four tables, since neighbouring bytes are often equal and would
  /// wait for each other.
  static func bits(of bytes: RawSpan) -> Double {
    var counts = [UInt32](repeating: 0, count: 1024)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      unsafe bytes.withUnsafeBytes { bytes in
        // In range: four tables of 256.
        var index = 0
        while index + 8 <= bytes.count {
          let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          for place in 0..<8 {
            unsafe counts[(place & 3) << 8 | Int(word >> (8 * place) & 0xFF)] += 1
          }
          index += 8
        }
        for index in index..<bytes.count { unsafe counts[Int(bytes[index])] += 1 }
      }
    }
    return bits(counts)
  }

  /// - Parameter counts: four tables, one after the other.
  fileprivate static func bits(_ counts: [UInt32]) -> Double {
    var (total, sum) = (0.0, 0.0)
    for value in 0..<256 {
      let count = counts[value] + counts[256 + value] + counts[512 + value] + counts[768 + value]
      guard count > 0 else { continue }
      total += Double(count)
      sum += Double(count) * log2(Double(count))
    }
    return total > 0 ? total * log2(total) - sum : 0
  }
}

/// Estimates from a sample of a block whether Huffman coding can make it smaller.
enum EntropySample {
  private static let sampleCount = 4096
  /// Bits a byte above which a block is left as it is. Coding pays where it saves 1/64, below 7.875
  /// bits. The entropy of 4096 samples is 255 / (2 · 4096 · ln 2) = 0.045 bits below that of their
  /// source (Miller 1955), within 0.02; blocks near the limit are tried.
  private static let limit = 7.9

  /// Whether coding may pay. Depends on the bytes alone.
  static func mayShrink(_ block: RawSpan) -> Bool {
    guard block.byteCount >= 2 * sampleCount else { return true }
    let step = block.byteCount / sampleCount
    // Four tables, since neighbouring samples are often equal and would wait for each other.
    var counts = [UInt32](repeating: 0, count: 1024)
    unsafe block.withUnsafeBytes { bytes in
      for sample in stride(from: 0, to: sampleCount, by: 4) {
        for table in 0..<4 {
          // In range: 4095 · step is less than the bytes of the block.
          counts[table << 8 | Int(unsafe bytes[(sample + table) * step])] += 1
        }
      }
    }
    var entropy = 12.0  // log2 of the samples
    for value in 0..<256 {
      let count = counts[value] + counts[256 + value] + counts[512 + value] + counts[768 + value]
      if count > 0 { entropy -= Double(count) * log2(Double(count)) / Double(sampleCount) }
    }
    return entropy < limit
  }
}
