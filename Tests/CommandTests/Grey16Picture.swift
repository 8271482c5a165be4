import DVLACImageCodecs
import Testing

/// The samples of a 16-bit grey PNG file, read by the rules of the format alone.
///
/// Source: Portable Network Graphics, third edition, section 9 (filtering).
struct Grey16Picture {
  let width, height: Int
  /// Row by row.
  private(set) var values: [Int] = []

  init(_ file: [UInt8]) throws {
    func word(_ offset: Int) -> Int { file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    (width, height) = (word(16), word(20))
    // Bit depth, grey, and neither interlaced.
    try #require(file[24] == 16 && file[25] == 0 && file[28] == 0)
    var packed: [UInt8] = []
    var offset = 8
    while offset < file.count {
      let name = String(decoding: file[offset + 4..<offset + 8], as: UTF8.self)
      if name == "IDAT" { packed += file[offset + 8..<offset + 8 + word(offset)] }
      offset += word(offset) + 12
    }
    let pitch = 1 + 2 * width
    var bytes = [UInt8](repeating: 0, count: height * pitch)
    // Both arrays outlive the call, which writes no more than the second holds.
    let size = unsafe packed.withUnsafeBufferPointer { packed in
      unsafe bytes.withUnsafeMutableBufferPointer { bytes in
        unsafe image_inflate(packed.baseAddress, packed.count, bytes.baseAddress, bytes.count)
      }
    }
    try #require(size == bytes.count)
    var above = [UInt8](repeating: 0, count: 2 * width)
    for row in 0..<height {
      var line = Array(bytes[row * pitch + 1..<(row + 1) * pitch])
      for index in line.indices {
        let (a, b) = (index < 2 ? 0 : line[index - 2], above[index])
        let c = index < 2 ? 0 : above[index - 2]
        line[index] &+= try Self.predicted(bytes[row * pitch], Int(a), Int(b), Int(c))
      }
      for index in stride(from: 0, to: line.count, by: 2) {
        values.append(Int(line[index]) << 8 | Int(line[index + 1]))
      }
      above = line
    }
  }

  private static func predicted(_ filter: UInt8, _ a: Int, _ b: Int, _ c: Int) throws -> UInt8 {
    switch filter {
    case 0: return 0
    case 1: return UInt8(a)
    case 2: return UInt8(b)
    case 3: return UInt8((a + b) / 2)
    default:
      try #require(filter == 4)
      let (toA, toB, toC) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
      return UInt8(toA <= toB && toA <= toC ? a : toB <= toC ? b : c)
    }
  }
}
