import Foundation
import Testing

@testable import DVLAMatrixProducts

@Suite struct CoreChoiceTests {
  @Test func oldKernelsOnANewProcessorAreReplaced() {
    #expect(better("Prescott", avx2: true, avx512: true) == "SkylakeX")
    #expect(better("Prescott", avx2: true, avx512: false) == "Haswell")
    #expect(better("Nehalem", avx2: true, avx512: false) == "Haswell")
    #expect(better("Sandybridge", avx2: true, avx512: false) == "Haswell")
  }

  @Test func kernelsThatSuitTheProcessorStay() {
    #expect(better("Prescott", avx2: false, avx512: false) == nil)
    for core in ["Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", "Excavator"] {
      #expect(better(core, avx2: true, avx512: true) == nil)
    }
  }

  @Test func kernelsOfOtherArchitecturesStay() {
    for core in ["armv8", "neoversen1", "a core of the future"] {
      #expect(better(core, avx2: true, avx512: true) == nil)
    }
  }

  @Test(arguments: ["SkylakeX", "Cooperlake"])
  func aProcessorThatHalvesAVX512GetsNarrowerKernels(_ core: String) {
    #expect(better(core, avx2: true, avx512: true, halved: true) == "Zen")
    #expect(better(core, avx2: true, avx512: true, halved: false) == nil)
    #expect(better("Prescott", avx2: true, avx512: true, halved: true) == "Haswell")
  }

  private func better(
    _ core: String, avx2: Bool, avx512: Bool, halved: Bool = false
  ) -> String? {
    CoreChoice.better(
      than: core, hasAVX2AndFMA: avx2, hasAVX512: avx512, halvesAVX512: halved)
  }

  #if arch(x86_64)
    // In processes of their own: the choice is made once in each.

    @Test func kernelsTooOldForThisProcessorAreReplacedBeforeTheFirstProduct() async {
      await #expect(processExitsWith: .success) {
        // As an OpenBLAS does that does not know the processor.
        OpenBLAS.choose("Prescott")
        try #require(OpenBLAS.coreName == "Prescott")
        let sets = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let isZen4 = sets.contains("AuthenticAMD") && sets.contains("cpu family\t: 25\n")
        let expected =
          sets.contains(" avx512vl") && sets.contains(" avx512dq") && !isZen4
          ? "SkylakeX" : sets.contains(" avx2") && sets.contains(" fma") ? "Haswell" : "Prescott"
        #expect(MatrixProduct.coreName == expected)
        try checkProduct()
        #expect(ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil)
      }
    }

    @Test func theKernelsThatTheUserNamedStay() async {
      await #expect(processExitsWith: .success) {
        OpenBLAS.choose("Prescott")
        unsafe setenv("OPENBLAS_CORETYPE", "Prescott", 1)
        #expect(MatrixProduct.coreName == "Prescott")
        try checkProduct()
      }
    }

    @Test(arguments: ["Haswell", "SkylakeX", "Cooperlake", "Zen", "Nehalem"])
    func everyCoreGivesTheSameExactSums(core: String) async {
      guard OpenBLASCores.runHere.contains(core) else { return }
      await #expect(processExitsWith: .success) { [core] in
        OpenBLAS.choose(core)
        unsafe setenv("OPENBLAS_CORETYPE", core, 1)
        #expect(MatrixProduct.coreName == core)
        try checkProduct()
      }
    }
  #endif
}

#if arch(x86_64)
  enum OpenBLASCores {
    /// The cores whose kernels this processor can run.
    static let runHere: Set<String> = {
      guard let sets = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
        return []
      }
      var cores: Set = ["Nehalem"]
      if sets.contains(" avx2") && sets.contains(" fma") { cores.formUnion(["Haswell", "Zen"]) }
      if sets.contains(" avx512vl") && sets.contains(" avx512dq") { cores.insert("SkylakeX") }
      if sets.contains(" avx512_bf16") { cores.insert("Cooperlake") }
      return cores
    }()
  }
#endif

/// A product whose sums are exact in float32.
private func checkProduct() throws {
  let a = Matrix.random(rows: 40, columns: 200, seed: 7)
  let b = Matrix.random(rows: 50, columns: 200, seed: 8)
  let result = timesTransposed(a, b, into: Matrix(rows: 40, columns: 50) { _, _ in .nan })
  for row in 0..<40 {
    for column in 0..<50 {
      var sum: Float = 0
      for i in 0..<200 { sum += a[row, i] * b[column, i] }
      try #require(result[row, column] == sum)
    }
  }
}
