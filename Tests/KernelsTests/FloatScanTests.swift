import DVLAKernels
import Testing

@Suite struct FloatScanTests {
  @Test(arguments: InstructionSet.available)
  func countsAndLocatesWhatIsNotFinite(set: InstructionSet) {
    var values = [Float](repeating: 1.5, count: 10_000)
    values[4097] = -.infinity
    values[4098] = .nan
    values[9999] = -.nan
    values[17] = .greatestFiniteMagnitude
    values[18] = .leastNonzeroMagnitude
    let found = scan(encode(values), .f32, set)
    #expect(found == FloatScan(nanCount: 2, infinityCount: 1, firstNonFinite: 4097))
  }

  @Test(arguments: InstructionSet.available)
  func findsNothingInFiniteValues(set: InstructionSet) {
    let found = scan(encode([Float](repeating: -3, count: 77)), .f32, set)
    #expect(found == FloatScan(nanCount: 0, infinityCount: 0, firstNonFinite: nil))
    let empty = scan([], .bf16, set)
    #expect(empty == FloatScan(nanCount: 0, infinityCount: 0, firstNonFinite: nil))
  }

  /// bfloat16 has 2 * 127 NaNs and half precision 2 * 1023, beside two infinities each.
  @Test(arguments: InstructionSet.available)
  func knowsEverySixteenBitValue(set: InstructionSet) {
    let all = encode((0...UInt16.max).map { $0 })
    #expect(
      scan(all, .bf16, set)
        == FloatScan(nanCount: 254, infinityCount: 2, firstNonFinite: 0x7F80))
    #expect(
      scan(all, .f16, set)
        == FloatScan(nanCount: 2046, infinityCount: 2, firstNonFinite: 0x7C00))
  }

  @Test(arguments: InstructionSet.available)
  func findsASingleInfinityAtAnyPlace(set: InstructionSet) {
    for count in awkwardCounts where count > 0 {
      for place in Set([0, count / 2, count - 1]) {
        var halves = [UInt16](repeating: 0x3F80, count: count)
        halves[place] = 0xFF80
        let found = scan(encode(halves), .bf16, set, shift: 1)
        #expect(found == FloatScan(nanCount: 0, infinityCount: 1, firstNonFinite: place))
      }
    }
  }

  private func scan(
    _ bytes: [UInt8], _ format: FloatScan.Format, _ set: InstructionSet, shift: Int = 0
  ) -> FloatScan {
    var result = FloatScan(nanCount: -1, infinityCount: -1, firstNonFinite: nil)
    _ = run(bytes, resultCount: 0, shift: shift) { source, _ in
      result = FloatScan.scan(source, format, using: set)
    }
    return result
  }
}
