// Keeps a page up to date while it is on a screen: parts of it come anew from the program (regions), and several people write in
// one answer (boxes). Without this script pages show how things were as they were loaded, and boxes are sent with the form.
//
// A box shows exactly the last patch taken in and what was typed since. A patch is taken in only while nothing typed here is on
// its way; otherwise it is dropped, and the program sends another. Places are UTF-16 units, as strings count them.
(() => {
  'use strict'
  // Where the host is asked: every address that this script uses stands in the page.
  const { line: live, unlock, return: comeBackTo, back: pass } = document.documentElement.dataset

  // The page's line to its host: open, send, receive, close. Nothing else here knows what carries it. This one is a WebSocket; a
  // host without one, such as a worker, gives its own as `window.pepLine` before this script runs.
  const overSocket = () => {
    let socket, take = () => {}, before = false
    return {
      // Opens it anew. `opened`: it is there. `ended`: it is not, or not any more; with an error where the host was not found.
      open: async (opened, ended) => {
        try {
          if (before) await comeBack()
        } catch (e) { return ended(e) }
        before = true
        socket = new WebSocket(`ws://${location.host}${live}`)
        socket.onopen = opened
        socket.onmessage = (e) => take(JSON.parse(e.data))
        socket.onclose = () => ended()
      },
      // Sends a message; none while it is not open.
      send: (m) => { if (socket && socket.readyState === 1) socket.send(JSON.stringify(m)) },
      // Whom to give each message that comes.
      receive: (f) => { take = f },
      close: () => socket.close()
    }
  }
  const line = window.pepLine || (window.WebSocket && overSocket())
  if (!line) return
  const form = document.querySelector('form[data-live-plan]')
  const boxes = new Map()
  const say = (t, words) => { if (t.textContent !== words) t.textContent = words }
  const add = (parent, tag, name, words) => {
    const made = document.createElement(tag)
    made.className = name
    made.textContent = words || ''
    parent.append(made)
    return made
  }
  // The same for the life of this page: what it typed is known by it after the program was killed.
  const name = crypto.randomUUID(), most = form ? Number(form.dataset.most) : 0
  // Away: the program was there and has not been heard of since; a tab that is one too many never had it, and forms work in it.
  let wait = 250, pause = null, away = false, leaving = false

  // One piece that makes `a` into `b`, ending at the caret where it can, and never within a character of two units.
  const diff = (a, b, caret = b.length) => {
    let i = 0, x = a.length, y = b.length
    while (x > 0 && y > caret && a[x - 1] === b[y - 1]) { x--; y-- }
    while (i < x && i < y && a[i] === b[i]) i++
    while (x > i && y > i && a[x - 1] === b[y - 1]) { x--; y-- }
    const low = (text, at) => at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00
    while (i > 0 && (low(a, i) || low(b, i))) i--
    while (x < a.length && (low(a, x) || low(b, y))) { x++; y++ }
    return [i, x - i, b.slice(i, y)]
  }
  const put = (text, [at, gone, words]) => text.slice(0, at) + words + text.slice(at + gone)
  const move = (p, [at, gone, words], right) =>
    p < at || (p === at && !right) ? p : p >= at + gone ? p + words.length - gone : at + (right ? words.length : 0)
  const send = (m) => line.send(m)

  // A text as it was last said to be on the disk, and what was typed since: parts of it, each with the number of the edit that put
  // it in and of the one that took it away. So it is known what is whose when the program was killed, whatever came in meanwhile.
  class Kept {
    constructor(text) { this.parts = [[text, 0, 0]] }
    // The part that begins at a place of the text that is shown.
    cut(at) {
      let i = 0
      for (; at > 0 && i < this.parts.length; i++) {
        const [text, put, gone] = this.parts[i]
        if (gone) continue
        if (text.length > at) this.parts.splice(i, 1, [text.slice(0, at), put, 0], [text.slice(at), put, 0])
        at -= Math.min(at, text.length)
      }
      return i
    }
    edit(n, [at, gone, words]) {
      const i = this.cut(at), j = this.cut(at + gone)
      for (const part of this.parts.slice(i, j)) part[2] = part[2] || n
      this.parts.splice(i, 0, [words, n, 0])
    }
    // What others did; it is on the disk.
    patch([at, gone, words]) {
      const i = this.cut(at), j = this.cut(at + gone)
      this.parts.splice(i, j - i, [words, 0, 0], ...this.parts.slice(i, j).filter((part) => part[2]))
    }
    saved(n) {
      const parts = []
      for (const [text, put, gone] of this.parts) {
        const last = parts[parts.length - 1]
        if (gone && gone <= n) continue
        if (put <= n && !gone && last && !last[1] && !last[2]) last[0] += text
        else parts.push([text, put <= n ? 0 : put, gone])
      }
      this.parts = parts
    }
    // The text with the edits up to this one.
    base(n) { return this.parts.filter(([, put, gone]) => put <= n && (!gone || gone > n)).map(([text]) => text).join('') }
  }

  class Box {
    constructor(holder) {
      const el = holder.querySelector('textarea, input[type=text]')
      Object.assign(this, { el, holder, f: holder.dataset.live || el.name, text: el.defaultValue, kept: new Kept(el.defaultValue), ok: 0, s: 0, n: 0, wrote: false })
      Object.assign(this, { held: [], composing: false, ready: false, locked: '', last: 0, kind: '', far: '' })
      this.words = add(holder, 'p', 'govuk-hint pep-saved', '')
      // Who writes here, and whether it is saved, is read with the box and not by itself.
      this.words.id = `saved-${this.f}`
      const about = [el.getAttribute('aria-describedby'), `here-${this.f}`, this.words.id]
      el.setAttribute('aria-describedby', about.filter((id) => id && document.getElementById(id)).join(' '))
      const on = (event, f) => el.addEventListener(event, f)
      on('compositionstart', () => { this.composing = true })
      on('compositionend', () => { this.composing = false; this.flush('write'); this.release() })
      on('input', (e) => { if (!this.composing) { this.flush(e.inputType); this.release() } })
      on('change', () => { if (!this.composing) this.flush('set') })
      on('beforeinput', (e) => {
        if (this.ready && (e.inputType === 'historyUndo' || e.inputType === 'historyRedo')) { e.preventDefault(); this.undo(e.inputType === 'historyRedo') }
      })
      on('keydown', (e) => {
        const k = e.key.toLowerCase()
        if (!this.ready || this.composing || !(e.ctrlKey || e.metaKey) || e.altKey || (k !== 'z' && k !== 'y')) return
        e.preventDefault()
        this.undo(k === 'y' || e.shiftKey)
      })
      on('focus', () => send({ t: 'focus', f: this.f }))
      on('blur', () => { this.composing = false; this.flush('set'); this.kind = ''; send({ t: 'focus', f: null }); this.release() })
    }
    get dirty() { return this.el.value !== this.text || this.ok < this.n }
    undo(again) {
      this.flush()
      Object.assign(this, { held: [], kind: '', wrote: true, far: '' })
      send({ t: again ? 'redo' : 'undo', f: this.f, n: ++this.n, s: this.s })
    }
    // Sends what was typed since the last time.
    flush(kind = 'set') {
      const now = this.el.value
      if (this.again && now.length <= most) { this.again = false; line.close() }
      if (!this.ready || now.length > most) { this.state(); return }
      if (now === this.text) return
      const d = diff(this.text, now, this.el.selectionEnd), t = performance.now()
      // A step for undo is a word, what was typed without a pause, or one kind of change.
      const g = kind !== this.kind || t - this.last > 1000 || /^\s/.test(d[2])
      Object.assign(this, { kind, last: t, text: now, held: [], wrote: true, far: '' })
      this.kept.edit(++this.n, d)
      send({ t: 'edit', f: this.f, n: this.n, s: this.s, d: [[d[0], d[1], d[2].toWellFormed ? d[2].toWellFormed() : d[2]]], g })
      this.state()
    }
    patch(m) {
      if (!this.composing) this.flush()
      const at = this.held.length ? this.held[this.held.length - 1].s : this.s
      if (m.n !== this.n || m.p !== at) return
      this.held.push(m)
      this.release()
    }
    release() {
      const focused = document.activeElement === this.el
      if (this.composing || (pause && pause.checked && focused && !this.held.some((m) => m.own))) return
      for (const m of this.held.splice(0)) if (m.n === this.n && m.p === this.s) this.take(m)
    }
    take(m) {
      const { el } = this, top = el.scrollTop, way = el.selectionDirection, focused = document.activeElement === el
      let a = el.selectionStart, b = el.selectionEnd, text = this.text
      const point = a === b
      for (const d of m.d) {
        text = put(text, d)
        if (m.own) this.kept.edit(m.n, d)
        else this.kept.patch(d)
        a = move(a, d, !point)
        b = point ? a : Math.max(a, move(b, d, false))
      }
      const d = m.d[m.d.length - 1]
      if (m.own && d) a = b = d[0] + d[2].length
      Object.assign(this, { text, s: m.s })
      if (!this.shows(text)) return
      if (focused) { el.setSelectionRange(a, b, way); el.scrollTop = top }
      send({ t: 'seen', f: this.f, s: m.s })
      this.state()
    }
    shows(text) {
      if (this.el.value !== text) this.el.value = text
      if (this.el.value === text) return true
      this.stop('Copy what you typed here, then reload the page: the answer now has lines that this box cannot show.')
      return false
    }
    // The text anew: what was typed and not said to be saved goes on top.
    init(m) {
      // Edits up to w were written before the line was cut, though that may never have been said.
      const { el } = this, base = this.kept.base(Math.max(m.w, this.ok))
      Object.assign(this, { s: m.s, n: m.n, ok: m.n, held: [], ready: true, locked: '', kind: '', far: '' })
      if (el.value.length > most) {
        // It waits until it is short enough to be sent.
        Object.assign(this, { ready: false, again: true })
      } else if (el.value === base) {
        const a = el.selectionStart, b = el.selectionEnd, shift = diff(el.value, m.text), focused = document.activeElement === el
        Object.assign(this, { text: m.text, kept: new Kept(m.text) })
        if (this.shows(m.text) && focused && (shift[1] || shift[2])) el.setSelectionRange(move(a, shift, false), move(b, shift, false))
      } else {
        // What was typed meanwhile goes on top there, where all of it is known; until then the box is as it is.
        const text = el.value.toWellFormed ? el.value.toWellFormed() : el.value
        Object.assign(this, { text: el.value, kept: new Kept(base), wrote: true })
        this.kept.edit(++this.n, diff(base, el.value))
        send({ t: 'mine', f: this.f, n: this.n, s: this.s, base, text })
      }
      this.state()
    }
    saved(n) {
      this.ok = n
      this.kept.saved(n)
      this.state()
    }
    // Live no more; where the form saves nothing either, what was typed is kept here.
    stop(why, instead = 'form') { Object.assign(this, { ready: false, locked: why, instead }); this.state() }
    keep(on) {
      if (!on) { this.help?.remove(); this.help = null }
      if (!on || this.help) return
      const help = this.help = add(this.holder, 'div', 'pep-kept'), note = this.instead === 'comment'
      add(help, 'p', 'govuk-body', `Your text is kept here until you close this page. You can copy it${note ? ', or put it in as a comment' : ''}.`)
      const button = (words, f) => {
        const made = add(help, 'button', 'govuk-button govuk-button--secondary', words)
        made.type = 'button'
        made.addEventListener('click', f)
      }
      button('Copy this text', async () => {
        const copied = await navigator.clipboard.writeText(this.el.value).then(() => true, () => false)
        if (!copied) this.el.select()
        say(told, copied ? 'Copied.' : 'The text is selected. Copy it with Ctrl and C.')
      })
      // In another tab: other boxes of this page may hold words that are nowhere else.
      if (note) button('Put it in as a comment (opens in a new tab)', () => {
        const sheet = add(document.body, 'form', '')
        Object.assign(sheet, { method: 'post', target: '_blank', action: `${form.dataset.comments}/${this.f.split('/')[0]}` })
        for (const [name, value] of [['draft', '1'], ['text', this.el.value]]) Object.assign(add(sheet, 'input', ''), { type: 'hidden', name, value })
        sheet.submit()
        sheet.remove()
      })
      const told = add(help, 'p', 'govuk-body-s', '')
      told.setAttribute('role', 'status')
      const said = document.getElementById('said')
      if (said) said.textContent = `Not saved. ${this.locked} Your text is kept on this page.`
    }
    state() {
      const { dirty, locked } = this
      banner()
      this.keep(locked && dirty && this.instead !== 'form')
      if (locked) say(this.words, (dirty ? this.instead === 'form' ? 'Not saved yet. ' : 'Not saved. ' : '') + locked)
      else if (this.el.value.length > most) say(this.words, `Not saved yet. This is too long: take away ${this.el.value.length - most} characters.`)
      else if (!dirty) say(this.words, this.ready && this.wrote ? this.far || 'Saved on this device' : '')
      else say(this.words, this.ready || !away ? 'Not saved yet' : 'Not saved yet. The program is not running; keep this page open and run pep open.')
    }
  }

  // Fields: what is no live text. Each is sent by itself when it is left or has rested: the form it stands in with this field alone,
  // made from what the page showed of it. What cannot be taken stays as it is, said beside it, and is a draft of this device. A form
  // whose thing does not exist yet is one field: kept as a draft, and added by its button or, where it is no act, as the page is left.
  const RESTS_MS = 1000, AGAIN_MS = 3000, LEAVES_MS = 3000, KEEPALIVE_BYTES = 60000
  const fields = [], wholes = []
  let last = Promise.resolve(), hiding = false
  class Field {
    constructor(form, group, f, whole = '') {
      // Not `form.action`: an input may be called that.
      Object.assign(this, { form, group, f, whole, url: form.getAttribute('action'), stamp: form.elements['made-from'].value, busy: false, wrong: '', said: '', left: true, timer: 0 })
      this.shown = this.read()
      this.names = [...new Set(this.controls.map((el) => el.name))]
      this.multi = !whole && this.controls.some((el) => el.type === 'checkbox') && !group.hasAttribute('data-once')
      // What could not be taken before stands here as a draft, and waits for its person.
      this.wrong = (!whole && group.querySelector('.govuk-error-message')?.lastChild.textContent) || ''
      this.begun = !!whole && form.hasAttribute('data-kept')
      this.first = this.shown
      // Brought here from another page, and kept nowhere yet.
      if (form.hasAttribute('data-new')) this.shown = ''
      if (!this.names.length) return
      this.words = add(group, 'p', 'govuk-hint pep-saved', '')
      group.addEventListener('input', (e) => { if (this.is(e.target)) this.rest() })
      group.addEventListener('change', (e) => { if (this.is(e.target) && /radio|checkbox|select/.test(e.target.type) && e.target.value !== '~other') this.send() })
      group.addEventListener('focusin', () => { this.left = false })
      group.addEventListener('focusout', (e) => {
        if (group.contains(e.relatedTarget)) return
        this.left = true
        this.send()
        this.state()
      })
      if (this.unsent) this.rest()
      this.state()
    }
    is(el) { return this.controls.includes(el) }
    // The inputs of this field, and not those of one within it or of a box that is live.
    get controls() {
      return [...this.group.querySelectorAll('input, select, textarea')].filter((el) =>
        el.name && el.form === this.form && !el.name.includes('~saw') && (this.whole ? el.type !== 'hidden' : el.closest('[data-field]') === this.group && !boxOf(el)))
    }
    read() {
      const said = new URLSearchParams()
      for (const el of this.controls) if (!/radio|checkbox/.test(el.type) || el.checked) said.append(el.name, el.value)
      return said.toString()
    }
    get filled() { return this.controls.some((el) => (/radio|checkbox/.test(el.type) ? el.checked && el.value : el.value.trim() && el.tagName !== 'SELECT') || (el.tagName === 'SELECT' && el.value)) }
    get isSaved() { return !this.wrong && !this.busy && this.read() === this.shown }
    get unsent() { return this.busy || this.adds || this.read() !== this.shown }
    rest() {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.send(), RESTS_MS)
      this.state()
    }
    body(now, more) {
      const body = new URLSearchParams()
      for (const el of this.form.querySelectorAll('input[type=hidden]')) {
        if (el.form !== this.form) continue
        if (el.name === `${this.f}~saw` || (!el.name.includes('~saw') && !el.name.endsWith('~kept') && !el.closest('[data-field]'))) body.append(el.name, el.value)
      }
      body.set('made-from', this.stamp)
      body.set('~one', this.f)
      for (const [name, value] of new URLSearchParams(now)) body.append(name, value)
      for (const name of more) body.set(name, '1')
      return body
    }
    // Sends what was entered since the last time. `always`: also what was not taken before.
    send(always = false, adds = false) {
      clearTimeout(this.timer)
      const now = this.read()
      if ((this.busy && (!hiding || now === this.sent)) || (now === this.shown && !always)) return
      Object.assign(this, { busy: true, sent: now })
      this.state()
      const more = this.whole && !adds ? ['~draft'] : [], body = this.body(now, more)
      const post = () => fetch(this.url, { method: 'POST', body, redirect: 'manual', keepalive: body.toString().length < KEEPALIVE_BYTES })
      const one = (hiding ? post() : last.then(post)).then(async (answer) => this.came(now, answer.status, new DOMParser().parseFromString(await answer.text(), 'text/html'), adds)).catch(() => this.again())
      // While a page is left nothing waits for what went before.
      last = one
      return one
    }
    async came(now, status, page, adds) {
      const stamp = page.querySelector('[name=made-from]')?.value
      if (status === 0 || status >= 500 || (status === 200 && !stamp) || page.querySelector('[type=password]')) return this.again()
      Object.assign(this, { busy: false, shown: now, sent: null, own: true })
      if (adds) this.adds = false
      if (status === 200) {
        this.wrong = ''
        this.begun = !!this.whole && !adds && this.filled
        this.said = this.whole ? '' : 'Saved on this device'
        this.form.querySelector(`[name="${CSS.escape(this.f)}~saw"]`)?.remove()
        if (this.multi) await resync([this], now)
        else this.stamp = stamp
        if (this.group.hasAttribute('data-once')) for (const el of this.controls) el.disabled = el.checked
        // It may be what another field waited for.
        for (const one of fields) if (one !== this && one.form === this.form && one.tried && one.wrong) one.send(true)
      } else {
        const group = [...page.querySelectorAll('[data-field]')].find((one) => one.dataset.field === this.f)
        const why = group?.querySelector('.govuk-error-message')?.lastChild || page.querySelector('.govuk-error-summary__list') || page.querySelector('main p')
        const saw = page.querySelector(`[name="${CSS.escape(this.f)}~saw"]`)
        Object.assign(this, { wrong: why?.textContent.trim() || 'This could not be saved', tried: !saw && status === 422, begun: !!this.whole })
        if (this.whole) this.wrong = ''
        this.form.querySelector(`[name="${CSS.escape(this.f)}~saw"]`)?.remove()
        if (saw) { this.form.append(document.importNode(saw, true)); this.left = true }
        if (this.left) tell(`Not saved. ${this.wrong}`)
      }
      this.state()
      if (this.adds) this.send(true, true)
      else if (this.read() !== this.shown) this.rest()
    }
    again() {
      Object.assign(this, { busy: false, sent: null })
      this.timer = setTimeout(() => this.send(), AGAIN_MS)
      this.state()
    }
    // As the page is left: what can be added is.
    leaving() {
      this.adds = this.whole === 'whole' && this.filled && (this.begun || this.read() !== this.first)
      if (this.adds) this.send(true, true)
    }
    // What stands in the plan is shown again in place of what was entered.
    async discard() {
      clearTimeout(this.timer)
      await fetch(this.url, { method: 'POST', body: this.body('', ['~draft']), redirect: 'manual' })
      Object.assign(this, { wrong: '', said: '', begun: false })
      if (this.whole) { leaving = true; location.assign(location.href.split('#')[0]); return }
      await resync([this], this.read())
      this.controls[0]?.focus()
    }
    state() {
      const wrong = this.left ? this.wrong : ''
      if (!this.whole) this.error(wrong)
      const away_ = away ? 'Not saved yet. The program is not running; keep this page open and run pep open.' : 'Not saved yet'
      say(this.words, this.unsent ? away_ : wrong ? '' : this.begun ? this.form.dataset.says || 'Kept on this device. It is not in the plan until you select the button.' : this.said)
      this.offer(!this.unsent && (wrong ? (this.form.querySelector(`[name="${CSS.escape(this.f)}~saw"]`) ? 'both' : 'discard') : this.begun ? 'discard' : ''))
      banner()
    }
    // The buttons beside what is not saved. They stay while nothing changes, for the focus may be on one.
    offer(which) {
      if (which === this.offered || (!which && !this.offered)) return
      const help = this.help
      Object.assign(this, { offered: which, help: null })
      help?.remove()
      if (!which) return
      this.help = add(this.group, 'div', 'pep-kept')
      const button = (words, f) => { const made = add(this.help, 'button', 'govuk-button govuk-button--secondary', words); made.type = 'button'; made.addEventListener('click', f) }
      if (which === 'both') button('Save my answer', () => this.send(true))
      button('Discard what I entered', () => this.discard())
    }
    error(words) {
      let p = this.group.querySelector('.govuk-error-message')
      if (!words) {
        p?.remove()
        this.group.classList.remove('govuk-form-group--error')
        for (const el of this.controls) el.classList.remove('govuk-input--error', 'govuk-textarea--error', 'govuk-select--error')
        return
      }
      if (!p) {
        p = document.createElement('p')
        p.className = 'govuk-error-message'
        p.id = `${this.f}-error`
        add(p, 'span', 'govuk-visually-hidden', 'Error: ')
        p.append('')
        const place = this.group.querySelector('.govuk-input__wrapper, .govuk-input, .govuk-select, .govuk-textarea, .govuk-radios, .govuk-checkboxes, .govuk-date-input')
        place?.before(p)
        const about = this.group.querySelector('fieldset') || place?.querySelector('input') || place
        if (about && !about.getAttribute('aria-describedby')?.includes(p.id)) about.setAttribute('aria-describedby', `${about.getAttribute('aria-describedby') || ''} ${p.id}`.trim())
      }
      this.group.classList.add('govuk-form-group--error')
      if (p.lastChild.textContent !== words) p.lastChild.textContent = words
    }
    // Shows what the page shows now, but for what its person changed since `before`.
    take(group, stamp, before) {
      const was = new URLSearchParams(before), mine = this.read() !== before
      const of = (el) => [...group.querySelectorAll('input, select, textarea')].find((other) => other.name === el.name && (!/radio|checkbox/.test(el.type) || other.value === el.value))
      if (mine && !this.multi) return
      for (const el of this.controls) {
        const now = of(el)
        if (!now || el.type === 'hidden') continue
        if (el.type === 'checkbox') { if (el.checked === was.getAll(el.name).includes(el.value)) el.checked = now.checked } else if (el.type === 'radio') el.checked = now.checked
        else if (el.value !== now.value) el.value = now.value
      }
      this.stamp = stamp
      const said = new URLSearchParams()
      for (const el of this.controls) { const now = of(el) || el; if (!/radio|checkbox/.test(el.type) || now.checked) said.append(el.name, now.value) }
      this.shown = said.toString()
    }
  }
  const boxOf = (el) => [...boxes.values()].some((box) => box.el === el)
  const unsent = () => [...fields, ...wholes].filter((one) => one.unsent)
  const tell = (words) => { const said = document.getElementById('said'); if (said) said.textContent = words }
  // The page as it is now: fields that nobody touches here show what others chose, and know what they are made from.
  const resync = async (which, before) => {
    const answer = which.length && await fetch(which[0].url).catch(() => null)
    if (!answer?.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html'), stamp = page.querySelector('[name=made-from]')?.value
    if (!stamp) return
    for (const one of which) {
      const group = [...page.querySelectorAll('[data-field]')].find((other) => other.dataset.field === one.f)
      if (!group || group.querySelector('.govuk-error-message')) continue
      const was = one.shown
      one.take(group, stamp, before ?? one.shown)
      if (before === undefined && one.shown !== was && !one.own) one.said = 'Somebody else changed this just now'
      one.own = false
      one.state()
    }
  }
  // What is not saved on this page goes before what is said of everything.
  const banner = () => {
    const bar = document.getElementById('sync')
    if (!bar) return
    const wrong = [...fields, ...wholes].filter((one) => !one.unsent && (one.wrong || one.begun)).length
    const waits = unsent().length + [...boxes.values()].filter((box) => box.dirty).length
    const count = (n) => `${n} answer${n === 1 ? '' : 's'}`
    const words = wrong ? `Not saved: ${count(wrong)} need${wrong === 1 ? 's' : ''} looking at.` : waits ? `Not saved yet: ${count(waits)}.` : ''
    const own = document.getElementById('unsaved') || Object.assign(add(bar.parentElement, 'p', 'govuk-body-s pep-sync__words'), { id: 'unsaved' })
    say(own, words)
    own.hidden = !words
    bar.hidden = !!words && bar.dataset.region !== ''
  }
  // Sends everything that was entered, and goes on when it is on the disk, or after a while; false where nothing is on its way.
  const hurry = (form, on) => {
    for (const one of fields) one.send()
    for (const one of wholes) if (one.form !== form) one.send(); else clearTimeout(one.timer)
    for (const box of boxes.values()) { box.flush(); send({ t: 'leave', f: box.f }) }
    const open = () => fields.some((one) => one.unsent) || wholes.some((one) => (one.form === form ? one.busy : one.unsent)) || [...boxes.values()].some((box) => box.ready && box.dirty)
    if (!open()) return false
    const until = Date.now() + LEAVES_MS
    const wait = () => (open() && Date.now() < until ? setTimeout(wait, 20) : on())
    wait()
    return true
  }

  // Regions: not replaced while the focus is in them.
  const held = new Map(), here = () => document.visibilityState === 'visible'
  const place = (m) => {
    const el = document.getElementById(m.id)
    held.delete(m.id)
    if (!el) return
    if (el.contains(document.activeElement)) { held.set(m.id, m); return }
    el.innerHTML = m.h
    el.dataset.region = m.v
  }
  document.addEventListener('focusout', () => setTimeout(() => [...held.values()].forEach(place)))

  // The pages are locked: what stands here is hidden, and stays, until the passphrase is entered here or in another tab.
  let lock = null
  const asks = (page) => {
    const main = new DOMParser().parseFromString(page, 'text/html').querySelector('main')
    if (!lock || !main) return
    lock.replaceChildren(...main.childNodes)
    const first = lock.querySelector('[autofocus]') || lock.querySelector('[type=password]')
    if (first) first.focus()
  }
  const shut = () => {
    wait = 2500
    if (!lock) {
      lock = add(document.body, 'main', 'pep-lock govuk-width-container govuk-main-wrapper')
      add(lock, 'h1', 'govuk-heading-l', 'These pages are locked')
      lock.dataset.title = document.title
      document.title = 'These pages are locked'
      document.body.classList.add('pep-locked')
      lock.addEventListener('submit', (e) => {
        e.preventDefault()
        fetch(unlock, { method: 'POST', body: new URLSearchParams(new FormData(e.target)), redirect: 'manual' })
          .then((answer) => (answer.type === 'opaqueredirect' ? reveal() : answer.text().then(asks)), () => {})
      })
    }
    if (!lock.querySelector('form')) fetch(unlock).then((answer) => answer.text()).then(asks, () => {})
  }
  const reveal = () => {
    if (!lock) return
    document.title = lock.dataset.title
    document.body.classList.remove('pep-locked')
    lock.remove()
    lock = null
  }

  const connect = () => line.open(() => {
    wait = 250
    const regions = {}
    for (const el of document.querySelectorAll('[data-region]')) regions[el.id] = el.dataset.region
    held.clear()
    const fields = {}
    for (const box of boxes.values()) fields[box.f] = box.n
    send({ t: 'hello', tab: name, page: location.pathname + location.search, fields, regions, here: here() })
    const on = [...boxes.values()].find((box) => box.el === document.activeElement)
    if (on) send({ t: 'focus', f: on.f })
    for (const one of unsent()) one.send()
  }, (lost) => {
    // A host that answers and gives no line is there: forms work.
    away = lost ? true : wait === 250
    if (lost) missing(lost.cause || 'The program is not running. Keep this page open and run pep open.', false)
    for (const box of boxes.values()) { box.ready = false; box.held = []; box.state() }
    wait = Math.min(wait * 2, 5000)
    setTimeout(connect, wait)
  })
  line.receive((m) => {
    const box = boxes.get(m.f)
    if (m.t === 'html') place(m)
    if (m.t === 'html' && m.id === 'values') resync(fields.filter((one) => !one.unsent && !one.wrong && one.left && !one.form.closest('.pep-in-place')))
    if (m.t === 'lock') shut()
    if (m.t === 'open') reveal()
    const said = document.getElementById('said')
    if (m.t === 'say' && said) said.textContent = m.w
    if (!box) return
    if (m.t === 'init') box.init(m)
    else if (m.t === 'patch') box.patch(m)
    else if (m.t === 'saved') box.saved(m.n)
    else if (m.t === 'far') { box.far = m.w; box.state() }
    else if (m.t === 'locked') box.stop(m.why, m.instead)
  })
  // Said where it otherwise says how far everything is shared; that comes anew when the program is back.
  const missing = (words, now) => {
    const bar = document.getElementById('sync')
    if (!bar || (bar.dataset.region === '' && !now)) return
    if (bar.dataset.region) bar.replaceChildren()
    bar.dataset.region = ''
    const told = bar.firstElementChild || add(bar, 'p', 'govuk-body-s pep-sync__words')
    told.setAttribute('role', 'status')
    say(told, words)
  }

  // The program may have been killed and started again, or somebody else may listen where it was. By the pass that this page holds
  // it proves that it is itself; before that it is told nothing. Then it asks, and lets this page in.
  const comeBack = async () => {
    const [id, key] = (pass || '').split('.')
    if (!key) return
    const bytes = (text) => Uint8Array.from(text.match(/../g) || [], (two) => parseInt(two, 16))
    const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const made = await crypto.subtle.importKey('raw', bytes(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    const signed = (words) => new TextEncoder().encode(`${words}:${location.port}`)
    const post = (form) => fetch(comeBackTo, { method: 'POST', body: new URLSearchParams(form) })
    const ask = hex(crypto.getRandomValues(new Uint8Array(32)))
    const [proof, question] = (await (await post({ id, ask })).text()).split(' ')
    if (!await crypto.subtle.verify('HMAC', made, bytes(proof), signed(`program:${ask}`))) throw new Error('somebody else')
    if (!question) return
    const answered = await post({ id, question, answer: hex(await crypto.subtle.sign('HMAC', made, signed(question))) })
    if (!answered.ok) throw new Error('too late', { cause: 'This page has been open for a long time. Keep it open, run pep open, and use the link that it gives.' })
  }

  for (const holder of form ? form.querySelectorAll('[data-live]') : []) {
    const box = new Box(holder)
    boxes.set(box.f, box)
  }
  document.addEventListener('visibilitychange', () => send({ t: 'here', v: here() }))
  // While the program is away a form would only lead to a page of the browser's own, and take what was typed along. Otherwise what
  // was entered anywhere on the page goes first, so that a form is sent over nobody's newer answers.
  const stay = () => {
    missing('Not saved. The program is not running. Keep this page open, run pep open, and save again.', true)
    document.getElementById('sync')?.scrollIntoView({ block: 'nearest' })
  }
  document.addEventListener('submit', (e) => {
    if (away) {
      e.preventDefault()
      e.stopImmediatePropagation()
      stay()
      return
    }
    if (leaving || e.defaultPrevented || !e.target.matches('main form') || e.target.closest('.pep-in-place')) return
    const by = e.submitter, on = () => { leaving = true; e.target.requestSubmit(by) }
    if (hurry(e.target, on)) { e.preventDefault(); e.stopImmediatePropagation() } else leaving = true
  }, true)
  document.addEventListener('click', (e) => {
    const a = e.target.closest?.('a[href]')
    if (!a || leaving || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || a.target || a.hasAttribute('download')) return
    if (a.origin !== location.origin || (a.hash && a.pathname === location.pathname && a.search === location.search)) return
    if (away && unsent().length) { e.preventDefault(); stay(); return }
    for (const form of wholes) form.leaving()
    if (hurry(null, () => { leaving = true; location.assign(a.href) })) e.preventDefault()
  })
  // A key that a link of the page names, with or without Shift: it goes there, and what was typed is saved first. No letter is one.
  document.addEventListener('keydown', (e) => {
    if (lock || e.defaultPrevented || e.repeat || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return
    const key = `${e.shiftKey ? 'Shift+' : ''}${e.key}`
    const a = [...document.querySelectorAll('a[data-key]')].find((a) => a.dataset.key === key)
    if (!a) return
    e.preventDefault()
    a.click()
  })
  // A page that the browser kept to go back to is asked for again; so is one in another tab when a child gets this device.
  addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })
  if (window.BroadcastChannel) new BroadcastChannel('pep').addEventListener('message', () => { leaving = true; location.reload() })
  const wire = (form) => {
    const found = []
    if (form.dataset.saves === 'fields') for (const group of form.querySelectorAll('[data-field]')) { const one = new Field(form, group, group.dataset.field); if (one.names.length && group.closest('form') === form) found.push(one) }
    if (form.dataset.saves === 'fields') fields.push(...found)
    else wholes.push(new Field(form, form, '', form.dataset.saves))
    form.addEventListener('formdata', (e) => { if (e.target === form) for (const one of found) if (one.isSaved) one.names.forEach((name) => e.formData.delete(name)) })
  }
  document.querySelectorAll('main form[data-saves]').forEach(wire)
  // What could not be taken stands in the page again when it is opened anew: nothing has to be sent once more for it.
  if (document.title.startsWith('Error: ')) history.replaceState(null, '', location.href)

  // Rows are added and changed where the table stands: the form of the row's own page, below the table.
  const parse = async (answer) => new DOMParser().parseFromString(await answer.text(), 'text/html')
  const shutRow = (rows) => {
    const open = rows.querySelector('.pep-in-place')
    for (const list of [fields, wholes]) for (let i = list.length - 1; i >= 0; i--) if (open?.contains(list[i].form)) { list[i].send(); list.splice(i, 1) }
    open?.remove()
    banner()
  }
  const openRow = (rows, page, from) => {
    const form = page.querySelector('form[data-saves]')
    if (!form) return false
    shutRow(rows)
    const open = add(rows, 'section', 'pep-in-place'), title = page.querySelector('h1').textContent
    open.setAttribute('aria-label', title)
    open.dataset.from = from
    add(open, 'h3', 'govuk-heading-s', title)
    const wrong = page.querySelector('.govuk-error-summary')
    if (wrong) open.append(document.importNode(wrong, true))
    const made = document.importNode(form, true)
    made.removeAttribute('id')
    made.querySelector('#values')?.remove()
    made.querySelectorAll('noscript').forEach((el) => el.remove())
    open.append(made)
    wire(made)
    const shut = add(open, 'button', 'govuk-button govuk-button--secondary', 'Close')
    shut.type = 'button'
    shut.addEventListener('click', () => closed(rows))
    ;(open.querySelector('.govuk-error-summary') || made.querySelector('input:not([type=hidden]), select, textarea'))?.focus()
    open.scrollIntoView({ block: 'nearest' })
    return true
  }
  const closed = (rows) => {
    const from = rows.querySelector('.pep-in-place')?.dataset.from
    shutRow(rows)
    ;([...rows.querySelectorAll('a')].find((a) => a.getAttribute('href') === from) || rows.querySelector('a'))?.focus()
  }
  document.addEventListener('click', (e) => {
    const a = e.target.closest?.('.pep-rows a[data-way]'), rows = a?.closest('.pep-rows')
    if (!rows || away || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || !/\/(table|targets)\/[^?#]*\/(new|[0-9a-f]{32})$/.test(a.pathname)) return
    e.preventDefault()
    fetch(a.href).then(async (answer) => { if (!answer.ok || !openRow(rows, await parse(answer), a.getAttribute('href'))) location.assign(a.href) }, () => location.assign(a.href))
  }, true)
  document.addEventListener('submit', (e) => {
    const rows = e.target.closest?.('.pep-in-place')?.closest('.pep-rows')
    if (!rows || away) return
    e.preventDefault()
    e.stopImmediatePropagation()
    const form = e.target, from = rows.querySelector('.pep-in-place').dataset.from
    for (const one of wholes) if (one.form === form) clearTimeout(one.timer)
    const post = () => fetch(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(new FormData(form, e.submitter)) })
    last = last.then(post).then(async (answer) => {
      const page = await parse(answer), region = rows.querySelector('[data-region]'), now = page.getElementById(region.id)
      if (!now || page.title.startsWith('Error: ')) { if (!openRow(rows, page, from)) missing('Not saved. Reload this page and try again.', true); return }
      region.innerHTML = now.innerHTML
      region.dataset.region = now.dataset.region
      for (const one of wholes) if (one.form === form) one.shown = one.read()
      closed(rows)
      tell('Saved on this device')
    }).catch(() => missing('Not saved. The program is not running. Keep this page open, run pep open, and save again.', true))
  }, true)
  addEventListener('beforeunload', (e) => {
    if (leaving) return
    hiding = true
    for (const one of [...fields, ...wholes]) one.send()
    setTimeout(() => { hiding = false })
    if ([...boxes.values()].some((box) => box.dirty) || (away && unsent().length)) e.preventDefault()
  })
  addEventListener('pagehide', () => { boxes.forEach((box) => box.flush()); hiding = true; if (!leaving) for (const one of [...fields, ...wholes]) one.send() })
  document.addEventListener('visibilitychange', () => {
    boxes.forEach((box) => { if (!box.composing) { box.flush(); send({ t: 'leave', f: box.f }) } })
    // What goes with a form that is on its way is no draft.
    if (!leaving) for (const one of [...fields, ...wholes]) one.send()
  })
  banner()
  connect()
  if (!boxes.size) return
  const holder = document.createElement('div')
  holder.className = 'govuk-form-group'
  const choices = add(holder, 'div', 'govuk-checkboxes govuk-checkboxes--small'), item = add(choices, 'div', 'govuk-checkboxes__item')
  pause = add(item, 'input', 'govuk-checkboxes__input')
  Object.assign(pause, { type: 'checkbox', id: 'live-pause', autocomplete: 'off', checked: document.body.dataset.pause === 'on' })
  add(item, 'label', 'govuk-label govuk-checkboxes__label', 'Pause other people’s changes while I write').htmlFor = 'live-pause'
  form.prepend(holder)
  form.classList.add('pep-is-live')
  pause.addEventListener('change', () => boxes.forEach((box) => box.release()))
  // A live box is not sent with the form: its words are on the disk. One that is not live says what it was last told is saved, so
  // that only what was typed since is taken from it.
  form.addEventListener('formdata', (e) => {
    if (e.target !== form) return
    for (const box of boxes.values()) {
      if (box.ready && !box.dirty) e.formData.delete(box.el.name)
      else e.formData.set(`${box.el.name}~kept`, box.kept.base(box.ok))
    }
  })
})()
