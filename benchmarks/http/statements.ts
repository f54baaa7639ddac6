export const ONE_ROW = 'SELECT symbol, price, volume, time FROM one_row'
export const THOUSAND_ROWS = 'SELECT symbol, price, volume, time FROM thousand_rows'
