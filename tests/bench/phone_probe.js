/**
 * Runs in the page before the app does and takes the times there, so that none of the test tool's own is in them.
 * All are milliseconds since the page's navigation began.
 */
;(() => {
  const marks = {}
  const longTasks = []
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) longTasks.push([task.startTime, task.duration])
  }).observe({ type: 'longtask', buffered: true })

  const mark = (name, at = performance.now()) => {
    marks[name] = marks[name] ?? at
  }
  const painted = (name) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => mark(name)
      port2.postMessage(0)
    })
  }

  /** Mark the moment when a picture is on the screen in which `holds` is true. */
  const when = (name, holds) => {
    const look = () => {
      if (!holds()) return
      watch.disconnect()
      painted(name)
    }
    const watch = new MutationObserver(look)
    watch.observe(document, { childList: true, subtree: true, characterData: true })
    look()
  }

  /** Mark the next click or change on something that fits, at the moment the browser had it. */
  const next = (name, type, selector) => {
    const heard = (event) => {
      if (!event.target.closest(selector)) return
      removeEventListener(type, heard, true)
      mark(name, event.timeStamp)
    }
    addEventListener(type, heard, true)
  }

  /** Mark the end of the transaction that stores the next operation: with strict durability it is on the disk then. */
  const stored = (name) => {
    const add = IDBObjectStore.prototype.add
    IDBObjectStore.prototype.add = function (...given) {
      if (this.name === 'ops') {
        IDBObjectStore.prototype.add = add
        this.transaction.addEventListener('complete', () => mark(name))
      }
      return add.apply(this, given)
    }
  }

  const forget = () => {
    for (const name of Object.keys(marks)) delete marks[name]
    longTasks.length = 0
  }
  window.bench = { marks, longTasks, when, next, stored, forget }
})()
