import DVLAKernels
import Testing

@Suite struct InstructionSetTests {
  @Test func portableKernelsAreAlwaysAvailable() {
    #expect(InstructionSet.available.first == .portable)
    #expect(InstructionSet.available.contains(.best))
  }

  @Test func kernelsOfAnotherArchitectureAreNotAvailable() {
    #if arch(x86_64)
      #expect(!InstructionSet.available.contains(.neon))
    #elseif arch(arm64)
      #expect(InstructionSet.available == [.portable, .neon])
    #endif
  }
}
