/// The float32 values of a NumPy file, whose header ends where a multiple of 64 bytes does.
func floatArray(_ file: [UInt8]) -> [Float] {
  let start = 10 + Int(file[8]) + Int(file[9]) << 8
  return stride(from: start, to: file.count, by: 4).map { offset in
    Float(bitPattern: file[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }
}

/// The bytes of a NumPy file of float32 values.
func npyFile(_ values: [Float], shape: [Int]) -> [UInt8] {
  let sides = shape.map { "\($0), " }.joined()
  var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sides)), }"
  header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
  let length = [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)]
  return [0x93] + Array("NUMPY".utf8) + [1, 0] + length + Array(header.utf8)
    + values.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 255) } }
}
