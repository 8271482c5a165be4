import DVLADiagnostics
import DVLAMessagePack
import Testing

struct MessageLimitTests {
  private func code(
    _ bytes: [UInt8], _ limits: MessageLimits = .default
  ) -> WeightsError.Code? { MessagePackTests.error(bytes, limits)?.code }

  @Test func bytesAreTakenAtTheLimitAndRefusedBeyond() {
    let limits = MessageLimits(maximumByteCount: 10)
    #expect(code([0xC4, 8] + [UInt8](repeating: 0, count: 8), limits) == nil)
    #expect(code([0xC4, 9] + [UInt8](repeating: 0, count: 9), limits) == .messageTooLarge)
    let most = 64 << 20
    let bytes = [0xC6, 0x03, 0xFF, 0xFF, 0xFB] + [UInt8](repeating: 0, count: most - 5)
    #expect(code(bytes) == nil)
    #expect(code(bytes + [0]) == .messageTooLarge)
    #expect(MessageLimits(maximumByteCount: .max).maximumByteCount == Int(UInt32.max))
  }

  @Test(arguments: [1, 2, 16, 64])
  func depthIsTakenAtTheLimitAndRefusedBeyond(depth: Int) {
    let limits = MessageLimits(maximumDepth: depth)
    for open: [UInt8] in [[0x91], [0x81, 0xA1, 0x61]] {
      let nested = [UInt8]((0..<depth).map { _ in open }.joined())
      #expect(code(nested + [0xC0], limits) == nil)
      #expect(code(nested + open + [0xC0], limits) == .messageDepth)
      // Empty ones count too.
      #expect(code(nested + [0x90], limits) == .messageDepth)
    }
  }

  @Test func depthHasACeiling() {
    #expect(MessageLimits.default.maximumDepth == 16)
    #expect(MessageLimits(maximumDepth: .max).maximumDepth == 64)
    #expect(code([0x90], MessageLimits(maximumDepth: -1)) == .messageDepth)
    #expect(code([0xC0], MessageLimits(maximumDepth: -1)) == nil)
  }

  @Test func entriesAreTakenAtTheLimitAndRefusedBeyond() {
    let nils = [UInt8](repeating: 0xC0, count: 4097)
    #expect(code([0xDC, 0x10, 0x00] + nils.prefix(4096)) == nil)
    #expect(code([0xDC, 0x10, 0x01] + nils) == .messageTooManyEntries)

    let limits = MessageLimits(maximumEntryCount: 4, maximumTotalEntryCount: 8)
    #expect(code([0x92, 0x93, 0xC0, 0xC0, 0xC0, 0x93, 0xC0, 0xC0, 0xC0], limits) == nil)
    #expect(
      code([0x92, 0x93, 0xC0, 0xC0, 0xC0, 0x94, 0xC0, 0xC0, 0xC0, 0xC0], limits)
        == .messageTooManyEntries)
    #expect(code([0x81, 0xA0, 0x84, 0xA0, 0, 0xA1, 1, 0, 0xA1, 2, 0, 0xA1, 3, 0], limits) == nil)
    #expect(
      code([0x85, 0xA0, 0, 0xA1, 1, 0, 0xA1, 2, 0, 0xA1, 3, 0, 0xA1, 4, 0], limits)
        == .messageTooManyEntries)
  }

  @Test func textIsTakenAtTheLimitAndRefusedBeyond() {
    let letters = [UInt8](repeating: 0x61, count: 65537)
    #expect(code([0xDB, 0, 1, 0, 0] + letters.prefix(65536)) == nil)
    #expect(code([0xDB, 0, 1, 0, 1] + letters) == .messageTextTooLong)
    #expect(code([0x81, 0xDB, 0, 1, 0, 1] + letters + [0xC0]) == .messageTextTooLong)
    #expect(code([0x81, 0xC6, 0, 1, 0, 1] + letters + [0xC0]) == .messageTextTooLong)
    // Bytes have no limit of their own.
    #expect(code([0xC6, 0, 1, 0, 1] + letters) == nil)
  }

  @Test func announcedCountsAreHeldAgainstWhatIsLeft() {
    // Of a list of three, two are a list of what the third would need.
    #expect(code([0x93, 0xC0, 0xC0, 0x90]) == nil)
    #expect(code([0x93, 0x91, 0xC0, 0xC0]) == .messageCount)
    #expect(code([0x82, 0xA0, 0xC0, 0xA0]) == .messageCount)
    #expect(code([0x81, 0xA1, 0x61]) == .messageTruncated)
    for head: [UInt8] in [[0xDD], [0xDF]] {
      #expect(code(head + [0xFF, 0xFF, 0xFF, 0xFF]) == .messageCount)
      #expect(
        code(head + [0x40, 0, 0, 0] + [UInt8](repeating: 0xC0, count: 1 << 20)) == .messageCount)
    }
  }
}
