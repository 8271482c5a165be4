public import DVLATensors

/// NumPy's file format.
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Whether the bytes start as such a file does.
  public static func isNPY(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: magic) }

  /// The bytes that `numpy.save` writes for a float32 array in C order: format version 1.0.
  ///
  /// Source: numpy 2.4, `numpy/lib/_format_impl.py`: the header is filled with spaces, first so
  /// that the outermost extent could grow to 21 digits, then to a multiple of 64 bytes.
  public static func encode(_ tensor: Tensor) -> [UInt8] {
    let extents = tensor.shape.dimensions.map(String.init)
    let shape = extents.count == 1 ? "(\(extents[0]),)" : "(\(extents.joined(separator: ", ")))"
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
    if let outermost = extents.first {
      header += String(repeating: " ", count: max(0, 21 - outermost.count))
    }
    let prefixCount = 10
    let unpadded = prefixCount + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"

    var bytes = magic + [1, 0]
    bytes += [UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)]
    bytes += Array(header.utf8)
    bytes.reserveCapacity(bytes.count + 4 * tensor.values.count)
    for value in tensor.values {
      let bits = value.bitPattern
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
      }
    }
    return bytes
  }
}
