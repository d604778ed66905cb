// Main thread. What `doctor` tells: `remedy` is one sentence that says what to do.
const finding = (status) => (about, text, remedy) => ({ status, about, finding: text, ...(remedy && { remedy }) })

export const ok = finding('ok')
export const note = finding('note')
export const problem = finding('problem')
