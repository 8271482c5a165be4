import DVLAMessagePack
import DVLATensors

extension NumPyType {
  /// The bytes of a scalar of this type that has the value; nil if it has none such.
  ///
  /// An integer stands for the float that is equal to it, as some packers write 1.0 as 1, and a
  /// float is rounded as NumPy rounds it.
  func bytes(of value: MessagePackValue.Content) -> [UInt8]? {
    switch (kind, value) {
    case (.bool, .bool(let value)): [value ? 1 : 0]
    case (.signed, .integer(let value)): integer(value, within: -(Int64.max >> shift) - 1)
    case (.unsigned, .integer(let value)):
      value >= 0 ? integer(UInt64(value), within: UInt64.max >> shift) : nil
    case (.unsigned, .unsigned(let value)): integer(value, within: UInt64.max >> shift)
    case (.float, .number(let value)): float(value)
    case (.float, .integer(let value)): float(Double(value))
    case (.float, .unsigned(let value)): float(Double(value))
    case (.text, .text(let value)): text(value)
    default: nil
    }
  }

  /// The bits that a number of this size has fewer than 64.
  private var shift: Int { 64 - 8 * size }

  private func integer(_ value: Int64, within least: Int64) -> [UInt8]? {
    value >= least && value <= -(least + 1) ? number(UInt64(bitPattern: value)) : nil
  }

  private func integer(_ value: UInt64, within most: UInt64) -> [UInt8]? {
    value <= most ? number(value) : nil
  }

  private func float(_ value: Double) -> [UInt8] {
    switch size {
    case 2: number(UInt64(Float16(value).bitPattern))
    case 4: number(UInt64(Float(value).bitPattern))
    default: number(value.bitPattern)
    }
  }

  private func text(_ value: String) -> [UInt8]? {
    let scalars = value.unicodeScalars
    guard scalars.count <= size / 4 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    for scalar in scalars { bytes.append(scalar.value, order) }
    return bytes + [UInt8](repeating: 0, count: size - bytes.count)
  }

  /// The lowest bytes of the number.
  private func number(_ bits: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bits, order, byteCount: size)
    return bytes
  }

  private var order: ByteOrder { isBigEndian ? .bigEndian : .littleEndian }
}
