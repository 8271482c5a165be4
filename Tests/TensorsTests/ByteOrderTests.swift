import DVLATensors
import Testing

@Suite struct ByteOrderTests {
  @Test func integersAreStoredInEitherOrder() {
    var bytes: [UInt8] = []
    bytes.append(UInt32(0x0102_0304), .littleEndian)
    bytes.append(UInt32(0x0102_0304), .bigEndian)
    bytes.append(Int16(-2), .littleEndian)
    #expect(bytes == [4, 3, 2, 1, 1, 2, 3, 4, 0xFE, 0xFF])
  }

  @Test func theLowestBytesOfAnIntegerCanBeStoredAlone() {
    var bytes: [UInt8] = []
    bytes.append(0x0A0B_0C0D, .littleEndian, byteCount: 3)
    bytes.append(0x0A0B_0C0D, .bigEndian, byteCount: 3)
    #expect(bytes == [0x0D, 0x0C, 0x0B, 0x0B, 0x0C, 0x0D])
  }

  @Test func integersAreReadInEitherOrder() {
    let bytes: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0x80]
    #expect(UInt64(bytes: bytes, .littleEndian) == 0x8000_0000_0000_00FF)
    #expect(UInt64(bytes: bytes, .bigEndian) == 0xFF00_0000_0000_0080)
    #expect(Int64(bytes: bytes, .littleEndian) == .min + 0xFF)
    #expect(Int(bytes: bytes[..<2], .bigEndian) == 0xFF00)
    #expect(Int(bytes: [] as [UInt8], .littleEndian) == 0)
  }

  @Test func floatsKeepTheirBits() {
    var bytes: [UInt8] = []
    for value: Float in [1, -0.0, .infinity] { bytes.append(value, .littleEndian) }
    #expect(bytes == [0, 0, 0x80, 0x3F, 0, 0, 0, 0x80, 0, 0, 0x80, 0x7F])
    bytes.removeAll()
    bytes.append(Float(1), .bigEndian)
    #expect(bytes == [0x3F, 0x80, 0, 0])
  }
}
